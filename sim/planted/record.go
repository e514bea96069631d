package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// knownSeeds is a line for each bug: its name, the first seed that catches it, and
// the check that does. -record writes it.
//
//go:embed seeds.txt
var knownSeeds string

// Where the record stands, from the module's root: for this program, and for people.
const (
	seedsFile = "sim/planted/seeds.txt"
	docsFile  = "docs/testing.md"
)

// knownSeed is where a bug was caught. The check is last on its line, and may have
// spaces in it.
type knownSeed struct {
	Seed  uint64
	Check string
}

// record is what is known, by the names of the bugs.
type record map[string]knownSeed

// readRecord reads the seeds that are known.
func readRecord() (record, error) {
	known := record{}
	for line := range strings.Lines(knownSeeds) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		var k knownSeed
		if len(fields) == 3 {
			_, _ = fmt.Sscan(fields[1], &k.Seed) // 0 if it is no number
			k.Check = fields[2]
		}
		if k.Seed == 0 {
			return nil, fmt.Errorf("%s: %q: want a name, a seed and a check", seedsFile, line)
		}
		known[fields[0]] = k
	}
	return known, nil
}

// add takes new catches over.
func (r record) add(catches []catch) {
	for _, c := range catches {
		if c.caught() {
			r[c.Name] = knownSeed{c.Seed, c.Check}
		}
	}
}

// write writes the record, in both places.
func (r record) write(root string) error {
	var text strings.Builder
	for _, m := range mutants() {
		if k, ok := r[m.Name]; ok {
			fmt.Fprintf(&text, "%s %d %s\n", m.Name, k.Seed, k.Check)
		}
	}
	if err := os.WriteFile(filepath.Join(root, seedsFile), []byte(text.String()), 0o644); err != nil {
		return err
	}
	docs, err := os.ReadFile(filepath.Join(root, docsFile))
	if err != nil {
		return err
	}
	told, err := r.tell(string(docs))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, docsFile), []byte(told), 0o644)
}

// The marks around the table in the docs.
const (
	tableBegins = "<!-- planted bugs, written by go run ./sim/planted -record -->\n"
	tableEnds   = "<!-- end of planted bugs -->\n"
)

// tell puts the table into the text of the docs.
func (r record) tell(docs string) (string, error) {
	before, rest, begins := strings.Cut(docs, tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return "", fmt.Errorf("%s: the marks around the table of planted bugs are missing", docsFile)
	}
	return before + tableBegins + "\n" + r.table(mutants()) + "\n" + tableEnds + after, nil
}
