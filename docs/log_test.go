package docs

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// logged is where a warning or an error is logged, with the beginning of its text.
var logged = regexp.MustCompile(`(?:\.Warn|\.Error|\.warn)\((?:[\w.]*[lL]og, )?(?:fmt\.Sprintf\()?"([^"]+)`)

// shouted is a text in capitals, as it stands in a list of them.
var shouted = regexp.MustCompile(`"([A-Z]{3,} [A-Z ]+[A-Z]): whoever`)

// Every line that the processes of a cluster log as a warning or an error is in the
// manual, by its beginning.
func TestEveryWarningIsInTheManual(t *testing.T) {
	manual, err := os.ReadFile("operations.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, room := range []string{"cmd/paxos", "engine", "internal/exporter", "node", "server", "transport"} {
		for _, line := range warnings(t, filepath.Join(root(t), filepath.FromSlash(room))) {
			found++
			if !strings.Contains(string(manual), "`"+line) {
				t.Errorf("docs/operations.md does not explain a line of %s: %s", room, line)
			}
		}
	}
	if found < 15 {
		t.Errorf("found only %d lines", found)
	}
}

// warnings are the beginnings of what the code in a folder logs, up to the first mark or figure.
func warnings(t *testing.T, dir string) (lines []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "maelstrom") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte("http.Error("), nil) // an answer, not a log
		for _, pattern := range []*regexp.Regexp{logged, shouted} {
			for _, m := range pattern.FindAllStringSubmatch(string(text), -1) {
				line, _, _ := strings.Cut(strings.ReplaceAll(m[1], "%s", "..."), ":")
				line, _, _ = strings.Cut(line, ";")
				line, _, _ = strings.Cut(line, ",")
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}
