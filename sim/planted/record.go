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

// seedsFile is where it stands, from the module's root.
const seedsFile = "sim/planted/seeds.txt"

// knownSeed is where a bug was caught.
type knownSeed struct {
	Seed  uint64
	Check string
}

// readKnown reads the seeds that are known, by the names of the bugs.
func readKnown() (map[string]knownSeed, error) {
	known := map[string]knownSeed{}
	for line := range strings.Lines(knownSeeds) {
		var name string
		var k knownSeed
		if _, err := fmt.Sscan(line, &name, &k.Seed, &k.Check); err != nil || k.Seed == 0 {
			return nil, fmt.Errorf("%s: %q: want a name, a seed and a check", seedsFile, line)
		}
		known[name] = k
	}
	return known, nil
}

// writeKnown writes the seeds, those of new catches and the others that were known
// before.
func writeKnown(known map[string]knownSeed, catches []catch) error {
	for _, c := range catches {
		if c.caught() {
			known[c.Name] = knownSeed{c.Seed, c.Check}
		}
	}
	var text strings.Builder
	for _, m := range mutants() {
		if k, ok := known[m.Name]; ok {
			fmt.Fprintf(&text, "%s %d %s\n", m.Name, k.Seed, k.Check)
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	for filepath.Dir(dir) != dir {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return os.WriteFile(filepath.Join(dir, seedsFile), []byte(text.String()), 0o644)
}
