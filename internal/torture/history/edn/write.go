package edn

import (
	"fmt"
	"math"
	"strconv"
)

// Append writes a value as one line of text, as Clojure does. It panics for types that
// are none of EDN's values (see values.go; an int counts as one).
func Append(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "nil"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return appendFloat(dst, v)
	case string:
		return appendString(dst, v)
	case Keyword:
		return append(append(dst, ':'), v...)
	case Symbol:
		return append(dst, v...)
	case Number:
		return append(dst, v...)
	case Char:
		return appendChar(dst, v)
	}
	return appendCollection(dst, v)
}

func appendCollection(dst []byte, v any) []byte {
	switch v := v.(type) {
	case Ints:
		return appendInts(dst, v)
	case Vector:
		return appendAll(dst, "[", v, ']')
	case List:
		return appendAll(dst, "(", v, ')')
	case Set:
		return appendAll(dst, "#{", v, '}')
	case Tagged:
		return Append(append(append(append(dst, '#'), v.Tag...), ' '), v.Value)
	case Map:
		return appendMap(dst, v)
	}
	panic(fmt.Sprintf("edn: %T is no type of EDN's values", v))
}

func appendInts(dst []byte, v Ints) []byte {
	dst = append(dst, '[')
	for i, n := range v {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = strconv.AppendInt(dst, n, 10)
	}
	return append(dst, ']')
}

func appendAll(dst []byte, open string, all []any, end byte) []byte {
	dst = append(dst, open...)
	for i, v := range all {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = Append(dst, v)
	}
	return append(dst, end)
}

func appendMap(dst []byte, m Map) []byte {
	dst = append(dst, '{')
	for i, p := range m.Pairs {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = Append(append(Append(dst, p.Key), ' '), p.Value)
	}
	return append(dst, '}')
}

func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "##NaN"...)
	case math.IsInf(f, 0):
		return append(dst, map[bool]string{true: "##Inf", false: "##-Inf"}[f > 0]...)
	}
	began := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
	for _, c := range dst[began:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...) // else it would be read as an integer
}

// appendString escapes what must be, and line ends, so that a value stays one line.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, c := range s {
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', byte(c))
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = appendPlain(dst, c)
		}
	}
	return append(dst, '"')
}

func appendPlain(dst []byte, c rune) []byte {
	if c < ' ' || c == 0x7f {
		return fmt.Appendf(dst, `\u%04x`, c)
	}
	return append(dst, string(c)...)
}

func appendChar(dst []byte, c Char) []byte {
	for name, named := range charNames {
		if rune(c) == named {
			return append(append(dst, '\\'), name...)
		}
	}
	return append(append(dst, '\\'), string(rune(c))...)
}

// String is a value as text.
func String(v any) string { return string(Append(nil, v)) }
