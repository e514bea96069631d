package terminal

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Is reports whether w is a terminal.
func Is(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// Status is one line that is overwritten in place. A nil Status shows nothing.
type Status struct {
	out   io.Writer
	shown bool
}

// NewStatus returns a Status on w, nil if w is no terminal.
func NewStatus(w io.Writer) *Status {
	if !Is(w) {
		return nil
	}
	return &Status{out: w}
}

const eraseLine = "\r\x1b[K"

// Show replaces the line.
func (s *Status) Show(format string, args ...any) {
	if s == nil {
		return
	}
	s.shown = true
	fmt.Fprintf(s.out, eraseLine+format, args...)
}

// Clear removes the line, so that something else can be printed there.
func (s *Status) Clear() {
	if s == nil || !s.shown {
		return
	}
	s.shown = false
	fmt.Fprint(s.out, eraseLine)
}
