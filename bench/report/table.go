package report

import (
	"strings"
	"unicode/utf8"
)

// table is a Markdown table that can be read as it is, too.
type table struct {
	head  []string
	rows  [][]string
	words bool // all columns are words, not figures
}

func newTable(head ...string) *table { return &table{head: head} }

// newWords is a table whose columns are words.
func newWords(head ...string) *table { return &table{head: head, words: true} }

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// write writes the rows so far, if there are any, and forgets them.
func (t *table) write(b *strings.Builder) {
	if len(t.rows) == 0 {
		return
	}
	width := make([]int, len(t.head))
	line := make([]string, len(t.head))
	for i := range width {
		for _, row := range append(t.rows, t.head) {
			width[i] = max(width[i], utf8.RuneCountInString(row[i]))
		}
		line[i] = strings.Repeat("-", width[i])
		if i > 0 && !t.words {
			line[i] = line[i][1:] + ":"
		}
	}
	for _, row := range append([][]string{t.head, line}, t.rows...) {
		for i, cell := range row {
			gap := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 || t.words {
				cell += gap
			} else {
				cell = gap + cell
			}
			b.WriteString("| " + cell + " ")
		}
		b.WriteString("|\n")
	}
	t.rows = nil
}
