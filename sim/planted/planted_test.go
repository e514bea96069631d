package main

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func TestEveryPlantedLineStandsExactlyOnceInItsFile(t *testing.T) {
	for _, m := range mutants() {
		source, err := os.ReadFile(filepath.Join(root, m.File))
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		if _, err := place(strings.Split(string(source), "\n"), m); err != nil {
			t.Error(err)
		}
	}
}

func TestTheCopiesWithTheBugsAreGo(t *testing.T) {
	for _, file := range files(mutants()) {
		source, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		planted, err := plant(file, string(source), mutants())
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), file, planted, 0); err != nil {
			t.Error(err)
		}
		if a, b := strings.Count(string(source), "\n"), strings.Count(planted, "\n"); a != b {
			t.Errorf("%s has %d lines, its copy %d", file, a, b)
		}
	}
}

func TestTheNamesOfPlantedBugsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range mutants() {
		if seen[m.Name] || !regexp.MustCompile(`^[a-z-]+$`).MatchString(m.Name) {
			t.Errorf("name %q", m.Name)
		}
		seen[m.Name] = true
		if m.What == "" || m.Line == m.Planted || m.Rule < 0 || m.Rule > 13 {
			t.Errorf("%s: %+v", m.Name, m)
		}
	}
}

func TestALineAndItsBugStandInOneLine(t *testing.T) {
	for _, c := range []struct{ line, bug, want string }{
		{"f(a)", "g(b)", `if planted == "x" { g(b) } else { f(a) }`},
		{"f(a) // why", "", `if planted == "x" {  } else { f(a) }`},
		{"return a", "return b", `if planted == "x" { return b } else { return a }`},
		{"v := f()", "v := g()", `v := f(); if planted == "x" { v = g() }`},
		{"if a < b {", "if false {", `if planted == "x" && (false) || !(planted == "x") && (a < b) {`},
		{"case a < b:", "case false:", `case planted == "x" && (false) || !(planted == "x") && (a < b):`},
		{"if v, ok := f(); ok {", "if v, ok := f(); !ok {", `if v, ok := f(); planted == "x" && (!ok) || !(planted == "x") && (ok) {`},
		{"for i := 0; i < n; i++ {", "for i := 0; i <= n; i++ {", `for i := 0; planted == "x" && (i <= n) || !(planted == "x") && (i < n); i++ {`},
		{"if err := f(); err != nil {", "if err := error(nil); err != nil {",
			`if err := plantedOr(planted == "x", func() error { return error(nil) }, func() error { return f() }); err != nil {`},
	} {
		got, err := mutant{Name: "x", Line: c.line, Planted: c.bug}.switched()
		if err != nil || got != c.want {
			t.Errorf("%q and %q: %v\n%s, want\n%s", c.line, c.bug, err, got, c.want)
		}
	}
	if got, err := (mutant{Line: "if a {", Planted: "if v := f(); v {"}).switched(); err == nil {
		t.Errorf("heads of different form made %q", got)
	}
}

func TestALineThatIsNotThereOnceIsRefused(t *testing.T) {
	m := mutant{Name: "x", File: "f.go", Line: "f(a)", Planted: "g(b)"}
	for _, c := range []struct{ source, want string }{
		{"f(a)\nf(b)\n\tf(a)", "more than once, at 1 and 3"},
		{"f(b)", "does not stand there any more"},
	} {
		if got, err := plant("f.go", c.source, []mutant{m}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, %q", c.source, err, got)
		}
	}
}

func TestTheBugThatIsNamedIsInTheProgram(t *testing.T) {
	// The smallest bug there is shows that one build has both, and that the variable
	// chooses.
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module tiny\n\ngo 1.26\n",
		"main.go": "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"right\")\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bug := mutant{Name: "tiny", File: "main.go", Line: `fmt.Println("right")`, Planted: `fmt.Println("wrong")`}
	file, err := overlay(dir, t.TempDir(), []mutant{bug})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"": "right\n", "tiny": "wrong\n", "other": "right\n"} {
		cmd := exec.CommandContext(t.Context(), "go", "run", "-overlay", file, ".")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), envPlanted+"="+name, "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%s=%s: %v, %q", envPlanted, name, err, out)
		}
	}
}

func TestASeedIsKnownForEveryPlantedBug(t *testing.T) {
	known, err := readRecord()
	if err != nil {
		t.Fatal(err)
	}
	for name := range known {
		if _, ok := find(name); !ok {
			t.Errorf("there is no planted bug %s", name)
		}
	}
	var seeds []uint64
	for _, m := range mutants() {
		seeds = append(seeds, known[m.Name].Seed)
		if known[m.Name].Seed == 0 {
			t.Errorf("no seed is known that catches %s: go run ./sim/planted -only %[1]s -record", m.Name)
		}
	}
	if slices.Max(seeds) > 10_000 || median(seeds) >= 200 {
		t.Errorf("the simulator has become blind: it needs up to %d seeds, and %d in the median", slices.Max(seeds), median(seeds))
	}
}

func TestTheDocsTellWhatIsKnown(t *testing.T) {
	known, err := readRecord()
	if err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile(filepath.Join(root, docsFile))
	if err != nil {
		t.Fatal(err)
	}
	if told, err := known.tell(string(docs)); err != nil || told != string(docs) {
		t.Errorf("%s has another table of planted bugs than %s: go run ./sim/planted -only NAME -record (%v)", docsFile, seedsFile, err)
	}
}

func TestTheTableHasAMedian(t *testing.T) {
	for _, c := range []struct {
		of   []uint64
		want uint64
	}{{[]uint64{5}, 5}, {[]uint64{9, 1}, 5}, {[]uint64{9, 1, 2}, 2}} {
		if got := median(c.of); got != c.want {
			t.Errorf("%v: %d, want %d", c.of, got, c.want)
		}
	}
}
