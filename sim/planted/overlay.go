package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// envPlanted says which bug is in a program that was built with the overlay.
const envPlanted = "PAXOS_PLANTED"

// overlay writes copies of the files in root that all planted bugs concern into
// dir, and the file that makes go build take them instead. It returns the name of
// the latter.
func overlay(root, dir string, all []mutant) (string, error) {
	replace := map[string]string{}
	for _, file := range files(all) {
		source, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return "", err
		}
		planted, err := plant(file, string(source), all)
		if err != nil {
			return "", err
		}
		room := filepath.Dir(file)
		for name, text := range map[string]string{file: planted, filepath.Join(room, switchName): switchFile(source)} {
			place := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
			if err := os.WriteFile(place, []byte(text), 0o644); err != nil {
				return "", err
			}
			replace[filepath.Join(root, name)] = place
		}
	}
	text, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "  ")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, text, 0o644)
}

// files are those that bugs are planted in, each once.
func files(all []mutant) []string {
	set := map[string]bool{}
	for _, m := range all {
		set[m.File] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// switchName is a file that stands in the overlay only, one in each room.
const switchName = "planted_bug.go"

var packageClause = regexp.MustCompile(`(?m)^package \w+$`)

// switchFile is that file, for the package of a source file.
func switchFile(source []byte) string {
	return packageClause.FindString(string(source)) + `

import "os"

// planted is the name of the bug that is in this process.
var planted = os.Getenv("` + envPlanted + `")

// plantedOr does one of two things.
func plantedOr[T any](on bool, bug, right func() T) T {
	if on {
		return bug()
	}
	return right()
}

var _ = plantedOr[error]
`
}

// plant makes every line of a file that has a planted bug do both: what it does,
// and in its stead, if planted says so, what the bug does. Lines keep their numbers.
func plant(file, source string, all []mutant) (string, error) {
	lines := strings.Split(source, "\n")
	for _, m := range all {
		if m.File != file {
			continue
		}
		at, err := place(lines, m)
		if err != nil {
			return "", err
		}
		if lines[at], err = m.switched(); err != nil {
			return "", err
		}
	}
	return strings.Join(lines, "\n"), nil
}

// place finds the one line of a mutant.
func place(lines []string, m mutant) (at int, err error) {
	at = -1
	for i, line := range lines {
		if strings.TrimSpace(line) != m.Line {
			continue
		}
		if at >= 0 {
			return 0, fmt.Errorf("%s: %s: the line stands there more than once, at %d and %d: %s", m.Name, m.File, at+1, i+1, m.Line)
		}
		at = i
	}
	if at < 0 {
		return 0, fmt.Errorf("%s: %s: the line does not stand there any more; find where its step is done now: %s", m.Name, m.File, m.Line)
	}
	return at, nil
}

// switched is the line that does both.
func (m mutant) switched() (string, error) {
	right, bug := withoutComment(m.Line), withoutComment(m.Planted)
	on := fmt.Sprintf("planted == %q", m.Name)
	for _, head := range []struct{ before, after string }{{"if ", " {"}, {"for ", " {"}, {"case ", ":"}} {
		a, isA := between(right, head.before, head.after)
		b, isB := between(bug, head.before, head.after)
		if isA && isB {
			both, err := switchHead(on, strings.Split(a, "; "), strings.Split(b, "; "))
			if err != nil {
				return "", fmt.Errorf("%s: %w", m.Name, err)
			}
			return head.before + both + head.after, nil
		}
	}
	if names, _, ok := strings.Cut(right, " := "); ok {
		return fmt.Sprintf("%s; if %s { %s }", right, on, strings.Replace(bug, names+" := ", names+" = ", 1)), nil
	}
	return fmt.Sprintf("if %s { %s } else { %s }", on, bug, right), nil
}

// switchHead makes one head of an if, for or case of two that differ in one part.
func switchHead(on string, right, bug []string) (string, error) {
	if len(right) != len(bug) {
		return "", fmt.Errorf("the heads %q and %q have not the same parts", right, bug)
	}
	parts := slices.Clone(right)
	for i := range parts {
		if right[i] == bug[i] {
			continue
		}
		a, isA := strings.CutPrefix(right[i], "err := ")
		b, isB := strings.CutPrefix(bug[i], "err := ")
		if isA && isB {
			parts[i] = fmt.Sprintf("err := plantedOr(%s, func() error { return %s }, func() error { return %s })", on, b, a)
		} else {
			parts[i] = fmt.Sprintf("%s && (%s) || !(%s) && (%s)", on, bug[i], on, right[i])
		}
	}
	return strings.Join(parts, "; "), nil
}

func between(s, before, after string) (string, bool) {
	s, starts := strings.CutPrefix(s, before)
	s, ends := strings.CutSuffix(s, after)
	return s, starts && ends
}

func withoutComment(line string) string {
	code, _, _ := strings.Cut(line, " // ")
	return code
}
