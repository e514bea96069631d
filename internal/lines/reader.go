package lines

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// TooLongError says which line is longer than a value may be.
type TooLongError struct {
	Line  uint64 // counted from 1
	Limit int    // bytes
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("line %d of stdin is longer than %d bytes, the most that one value can have here: shorten it", e.Line, e.Limit)
}

// Reader reads values, one a line.
type Reader struct {
	in    *bufio.Reader
	limit int
	line  uint64
}

// readAhead is the least number of bytes that one read asks for.
const readAhead = 64 << 10

// NewReader returns a Reader of lines of at most limit bytes, not counting their end.
func NewReader(in io.Reader, limit int) *Reader {
	size := max(limit+len("\r\n"), readAhead)
	return &Reader{in: bufio.NewReaderSize(in, size), limit: limit}
}

// Next returns the next value; it is valid until the next call. The error is
// io.EOF after the last value, a *[TooLongError], or what the input failed with.
func (r *Reader) Next() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, &TooLongError{Line: r.line + 1, Limit: r.limit}
	}
	if err == io.EOF && len(line) > 0 {
		err = nil // the last line lacks its end
	}
	if err == io.EOF {
		return nil, io.EOF
	}
	if err != nil {
		return nil, fmt.Errorf("read line %d of stdin: %w", r.line+1, err)
	}
	r.line++
	line = trimEnd(line)
	if len(line) > r.limit {
		return nil, &TooLongError{Line: r.line, Limit: r.limit}
	}
	return line, nil
}

// trimEnd cuts "\n" or "\r\n" off.
func trimEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}
