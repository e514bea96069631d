package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPageGetsTheReportBetweenItsMarksAndKeepsTheRest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte("before\n"+pageBegin+"old figures\n"+pageEnd+"after\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it replaces its own
		if err := Make(example()).WritePage(path); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	if !strings.HasPrefix(text, "before\n"+pageBegin) || !strings.HasSuffix(text, pageEnd+"after\n") {
		t.Errorf("what stood around it has changed:\n%s", text)
	}
	if strings.Contains(text, "old figures") || strings.Count(text, "Targets:") != 1 {
		t.Errorf("it is not there once, in place of the old one:\n%s", text)
	}
}

func TestAPageWithoutMarksIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte("a page\n"+pageEnd+pageBegin), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Make(example()).WritePage(path); err == nil {
		t.Error("written into a page that has no place for it")
	}
	if text, _ := os.ReadFile(path); string(text) != "a page\n"+pageEnd+pageBegin {
		t.Errorf("it is now %q", text)
	}
}
