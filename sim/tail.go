package sim

import (
	"bytes"
	"io"
)

// Tail keeps the last lines that are written to it: a run may have a million, and
// the ones before a failure are the ones that matter. It is an io.Writer; a line
// may come in pieces.
type Tail struct {
	Lines int // how many are kept

	kept [][]byte
	next int // the place of the line that is overwritten next, once there are Lines
	part []byte
}

// Write takes text; it never fails.
func (t *Tail) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, after, ends := bytes.Cut(rest, []byte("\n"))
		t.part = append(t.part, line...)
		if rest = after; ends {
			t.keep()
		}
	}
	return len(p), nil
}

// keep takes the line in part over, in the place of the oldest one if there are
// enough; that one's memory is used for the next line.
func (t *Tail) keep() {
	if len(t.kept) < t.Lines {
		t.kept, t.part = append(t.kept, t.part), nil
		return
	}
	if t.Lines > 0 {
		t.kept[t.next], t.part = t.part, t.kept[t.next]
		t.next = (t.next + 1) % t.Lines
	}
	t.part = t.part[:0]
}

// WriteTo writes the lines that were kept, the oldest first.
func (t *Tail) WriteTo(w io.Writer) (int64, error) {
	var all []byte
	for i := range t.kept {
		all = append(append(all, t.kept[(t.next+i)%len(t.kept)]...), '\n')
	}
	n, err := w.Write(append(all, t.part...))
	return int64(n), err
}
