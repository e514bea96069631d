package lines

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// FuzzReader: the lines of any input, in any pieces, are the input; one that is too long is named.
func FuzzReader(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\nlast"), uint8(5))
	f.Add([]byte("too long\n"), uint8(3))
	f.Add([]byte("\r\r\n"), uint8(1))
	f.Add([]byte("\n"), uint8(0))
	f.Fuzz(func(t *testing.T, input []byte, limit uint8) {
		rest := input
		r := NewReader(iotest.OneByteReader(bytes.NewReader(input)), int(limit))
		for {
			line, err := r.Next()
			if err == io.EOF {
				break
			}
			want, after, _ := bytes.Cut(rest, []byte("\n"))
			want = bytes.TrimSuffix(want, []byte("\r"))
			if long := (*TooLongError)(nil); errors.As(err, &long) {
				if len(want) <= int(limit) {
					t.Fatalf("%q was called too long for %d", want, limit)
				}
				return
			}
			if err != nil || !bytes.Equal(line, want) || len(line) > int(limit) {
				t.Fatalf("read %q (%v), want %q of at most %d bytes", line, err, want, limit)
			}
			rest = after
		}
		if len(rest) > 0 {
			t.Fatalf("%q was not read", rest)
		}
	})
}
