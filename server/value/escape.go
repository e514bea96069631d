package value

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Line ends in JavaScript, though not in JSON: encoding/json escapes them, too.
const (
	lineSeparator      = '\u2028'
	paragraphSeparator = '\u2029'
)

// rewriteString scans a string that is canonical up to byte n only, and writes
// it anew.
func rewriteString(text []byte, n int) ([]byte, int, error) {
	out := append(make([]byte, 0, n+64), text[:n]...)
	for n < len(text) {
		b := text[n]
		if b == '"' {
			return append(out, '"'), n + 1, nil
		}
		r, size, err := nextRune(text, n)
		if err != nil {
			return nil, 0, err
		}
		out = appendRune(out, r)
		n += size
	}
	return nil, 0, &Error{len(text), "the text ends within a string"}
}

// nextRune reads one character of a string, escaped or not, at byte n.
func nextRune(text []byte, n int) (r rune, size int, err error) {
	if b := text[n]; b == '\\' {
		return unescape(text, n)
	} else if b < 0x20 {
		return 0, 0, &Error{n, fmt.Sprintf("control character %#02x stands in a string without an escape", b)}
	}
	if r, size = utf8.DecodeRune(text[n:]); r == utf8.RuneError && size == 1 {
		return 0, 0, &Error{n, "a string is not UTF-8"}
	}
	return r, size, nil
}

// unescape reads the escape at byte n.
func unescape(text []byte, n int) (r rune, size int, err error) {
	if n+1 >= len(text) {
		return 0, 0, &Error{len(text), "the text ends within an escape"}
	}
	switch b := text[n+1]; b {
	case '"', '\\', '/':
		return rune(b), 2, nil
	case 'b':
		return '\b', 2, nil
	case 'f':
		return '\f', 2, nil
	case 'n':
		return '\n', 2, nil
	case 'r':
		return '\r', 2, nil
	case 't':
		return '\t', 2, nil
	case 'u':
		return unescapeUnicode(text, n)
	}
	return 0, 0, &Error{n, fmt.Sprintf("unknown escape \\%c", text[n+1])}
}

// unescapeUnicode reads \uXXXX, or two of them that are one character.
func unescapeUnicode(text []byte, n int) (r rune, size int, err error) {
	high, ok := hex4(text, n)
	if !ok {
		return 0, 0, &Error{n, "\\u is not followed by four hexadecimal digits"}
	}
	if !utf16.IsSurrogate(high) {
		return high, 6, nil
	}
	low, _ := hex4(text, n+6)
	if r = utf16.DecodeRune(high, low); r == utf8.RuneError {
		return 0, 0, &Error{n, "half a surrogate pair is no character"}
	}
	return r, 12, nil
}

// hex4 reads \uXXXX at byte n.
func hex4(text []byte, n int) (rune, bool) {
	if len(text) < n+6 || text[n] != '\\' || text[n+1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(text[n+2:n+6]), 16, 16)
	return rune(v), err == nil
}

// appendRune appends a character of a string in its canonical form.
func appendRune(out []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(out, '\\', byte(r))
	case '\b':
		return append(out, `\b`...)
	case '\f':
		return append(out, `\f`...)
	case '\n':
		return append(out, `\n`...)
	case '\r':
		return append(out, `\r`...)
	case '\t':
		return append(out, `\t`...)
	}
	if r < 0x20 || r == lineSeparator || r == paragraphSeparator {
		return fmt.Appendf(out, `\u%04x`, r)
	}
	return utf8.AppendRune(out, r)
}

// appendQuoted appends s as a canonical JSON string. Bytes that are not UTF-8
// become U+FFFD.
func appendQuoted(out []byte, s string) []byte {
	out = append(out, '"')
	for _, r := range s {
		out = appendRune(out, r)
	}
	return append(out, '"')
}
