package report

import (
	"fmt"
	"os"
	"strings"
)

// The lines of a page between which a report stands.
const (
	pageBegin = "<!-- comparison: written by bench --page -->\n"
	pageEnd   = "<!-- end of the comparison -->\n"
)

// WritePage puts the report into a page of the documentation, in place of the one
// that stands there between two marks.
func (r Report) WritePage(path string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("write the report into a page: %w", err)
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil {
		return err
	}
	page, err := replaced(string(old), text.String())
	if err != nil {
		return fmt.Errorf("write the report into %s: %w", path, err)
	}
	return os.WriteFile(path, []byte(page), 0o644)
}

// replaced puts a text between the marks of a page.
func replaced(page, text string) (string, error) {
	before, rest, begins := strings.Cut(page, pageBegin)
	_, after, ends := strings.Cut(rest, pageEnd)
	if !begins || !ends {
		return "", fmt.Errorf("it lacks the two comments between which the report goes: %q and %q", pageBegin, pageEnd)
	}
	return before + pageBegin + "\n" + text + "\n" + pageEnd + after, nil
}
