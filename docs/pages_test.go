package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"paxos/internal/doctest"
)

// Links of the README and of all pages lead to a file, and to a heading in it.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	all := pages(t)
	for _, p := range all {
		for _, l := range p.Links() {
			if err := doctest.Follow(root(t), all, p, l); err != nil {
				t.Error(err)
			}
		}
	}
}

// The index has every page once.
func TestEveryPageIsInTheIndex(t *testing.T) {
	all := pages(t)
	listed := make(map[string]int)
	for _, p := range all {
		if p.Path != "docs/README.md" {
			continue
		}
		for _, line := range p.Lines {
			if m := indexed.FindStringSubmatch(line); m != nil {
				listed[m[1]]++
			}
		}
	}
	for _, p := range all {
		if p.Name() != "README.md" && listed[p.Name()] != 1 {
			t.Errorf("docs/README.md lists %s %d times", p.Name(), listed[p.Name()])
		}
	}
}

// indexed is a line of one of the index's tables.
var indexed = regexp.MustCompile(`^\| (?:\d+ \| )?\[[^\]]+\]\(([^)]+\.md)\) \|`)

// Go code in a page is code that is compiled and tested: it stands, but for its indentation,
// in the file that the page names. So does whatever else names a file.
func TestGoCodeInTheBookIsTestedCode(t *testing.T) {
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			if b.Language != "go" && b.Source == "" {
				continue
			}
			text, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(b.Source)))
			if b.Source == "" || err != nil {
				t.Errorf("%s:%d: it must name the file that it was taken from: <!-- from FILE --> (%v)", p.Path, b.Line, err)
			} else if !strings.Contains(flush(string(text)), flush(b.Text)) {
				t.Errorf("%s:%d: this code is not in %s:\n%s", p.Path, b.Line, b.Source, b.Text)
			}
		}
	}
}

// flush is a text without its indentation.
func flush(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

// The tests and fuzz targets that pages name are there; "..." may stand for the end of a name.
func TestTheTestsThatTheBookNamesAreThere(t *testing.T) {
	code := testCode(t)
	for _, p := range pages(t) {
		for i, line := range p.Lines {
			for _, m := range testName.FindAllStringSubmatch(line, -1) {
				name := m[1] + "("
				if m[2] != "" {
					name = m[1]
				}
				if !strings.Contains(code, "func "+name) {
					t.Errorf("%s:%d: there is no %s", p.Path, i+1, m[1])
				}
			}
		}
	}
}

var testName = regexp.MustCompile(`\b((?:Test|Fuzz)[A-Z]\w+)(\.\.\.)?`)

// testCode is the text of all test files.
func testCode(t *testing.T) string {
	t.Helper()
	var code strings.Builder
	err := filepath.WalkDir(root(t), func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		code.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return code.String()
}

// Files of the source that pages name, like `wal/format.go`, are there.
func TestTheFilesThatTheBookNamesAreThere(t *testing.T) {
	for _, p := range pages(t) {
		for i, line := range p.Lines {
			for _, m := range fileName.FindAllStringSubmatch(line, -1) {
				if _, err := os.Stat(filepath.Join(root(t), filepath.FromSlash(m[1]))); err != nil {
					t.Errorf("%s:%d: there is no file %s", p.Path, i+1, m[1])
				}
			}
		}
	}
}

var fileName = regexp.MustCompile("`([a-z][a-z0-9_]*(?:/[a-z0-9_]+)+\\.(?:go|sh|md|yaml|svg))`")

// docs/architecture.md has every room: each folder with Go code in it, but for docs itself.
func TestTheMapHasEveryRoom(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root(t), "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	linked := make(map[string]bool)
	for _, p := range pages(t) {
		if p.Name() != "architecture.md" {
			continue
		}
		for _, l := range p.Links() {
			linked[l.Target] = true
		}
	}
	for _, f := range files {
		if room := filepath.Base(filepath.Dir(f)); room != "docs" && !linked["../"+room] {
			t.Errorf("docs/architecture.md does not tell of %s", room)
			linked["../"+room] = true // once is enough
		}
	}
}
