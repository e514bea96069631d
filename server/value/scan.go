package value

import (
	"fmt"
	"unicode/utf8"
)

// Error says what is wrong with a text, and where.
type Error struct {
	At     int // offset in the text, in bytes
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("%s at byte %d", e.Reason, e.At) }

// Scan reads the value that text starts with. It returns the value's canonical
// text and how many bytes of text it took. The canonical text is a part of text
// where that is canonical, else it is new. Errors are *Error. What follows the
// value is the caller's business.
func Scan(text []byte) (canonical []byte, n int, err error) {
	if len(text) == 0 {
		return nil, 0, &Error{0, "the text ends where a value is expected"}
	}
	switch b := text[0]; {
	case b == '"':
		return scanString(text)
	case b == '-' || isDigit(b):
		return scanInteger(text)
	}
	return nil, 0, &Error{0, "found " + kind(text[0]) + ", a value is an integer or a string"}
}

// kind names what a JSON text starts with, for messages.
func kind(b byte) string {
	switch b {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return fmt.Sprintf("%q", rune(b))
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

var zero = []byte("0")

func scanInteger(text []byte) ([]byte, int, error) {
	start := 0
	if text[0] == '-' {
		start = 1
	}
	n := start
	for n < len(text) && isDigit(text[n]) {
		n++
	}
	switch {
	case n == start:
		return nil, 0, &Error{n, "digits are expected after the minus sign"}
	case text[start] == '0' && n > start+1:
		return nil, 0, &Error{start, "an integer has no leading zeros"}
	case n < len(text) && (text[n] == '.' || text[n] == 'e' || text[n] == 'E'):
		return nil, 0, &Error{n, "a number has no fraction and no exponent here"}
	case start == 1 && text[1] == '0':
		return zero, n, nil
	}
	return text[:n], n, nil
}

// scanString takes a string that is canonical as it is in one pass.
func scanString(text []byte) ([]byte, int, error) {
	for n := 1 + plain(text[1:]); n < len(text); n += plain(text[n:]) {
		switch b := text[n]; {
		case b == '"':
			return text[:n+1], n + 1, nil
		case b == '\\':
			return rewriteString(text, n)
		case b < 0x20:
			return nil, 0, &Error{n, fmt.Sprintf("control character %#02x stands in a string without an escape", b)}
		}
		r, size := utf8.DecodeRune(text[n:])
		if r == utf8.RuneError && size == 1 {
			return nil, 0, &Error{n, "a string is not UTF-8"}
		}
		if r == lineSeparator || r == paragraphSeparator {
			return rewriteString(text, n)
		}
		n += size
	}
	return nil, 0, &Error{len(text), "the text ends within a string"}
}
