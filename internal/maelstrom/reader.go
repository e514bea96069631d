package maelstrom

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest line that is read, in bytes. It is far above the
// longest datagram and the longest request that can be carried out.
const MaxLine = 1 << 20

// errLongLine is a line of more than MaxLine bytes; it was skipped.
var errLongLine = errors.New("line too long")

// reader reads lines in bounded memory.
type reader struct{ in *bufio.Reader }

func newReader(in io.Reader) *reader {
	return &reader{bufio.NewReaderSize(in, MaxLine+len("\r\n"))}
}

// next returns the next line without its end; it is valid until the next call.
// After errLongLine the line after that one can be read; other errors, io.EOF
// among them, are final. A last line without an end was cut off, and is dropped.
func (r *reader) next() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, r.skip()
	}
	if err != nil {
		return nil, err
	}
	line = bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))
	if len(line) > MaxLine {
		return nil, fmt.Errorf("%w: %d bytes", errLongLine, len(line))
	}
	return line, nil
}

// skip passes over the rest of a line.
func (r *reader) skip() error {
	for {
		_, err := r.in.ReadSlice('\n')
		if err == nil {
			return fmt.Errorf("%w: more than %d bytes", errLongLine, MaxLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}
