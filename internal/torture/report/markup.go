package report

import (
	"fmt"
	"html"
	"strings"
)

// markup is a page that is being written. It is not html/template: a program that has
// that inside, as servers have which are the same program, keeps every exported method
// that it has, a tenth of its code, for a page could name any of them.
type markup struct{ strings.Builder }

// add adds text in the manner of fmt. The arguments are never taken for markup, neither
// as text nor inside of an attribute's double quotes.
func (m *markup) add(format string, args ...any) {
	escaped := make([]any, len(args))
	for i, a := range args {
		if _, number := a.(int); number {
			escaped[i] = a
		} else {
			escaped[i] = html.EscapeString(fmt.Sprint(a))
		}
	}
	fmt.Fprintf(m, format, escaped...)
}

// maybe adds text with an argument, unless that is empty.
func (m *markup) maybe(format, arg string) {
	if arg != "" {
		m.add(format, arg)
	}
}
