package edn

import (
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// delimiter says if c ends a name or a number.
func delimiter(c rune) bool { return space(c) || strings.ContainsRune(`()[]{}";\`, c) }

// token reads a name or a number that begins with c.
func (r *Reader) token(c rune) (string, error) {
	var b strings.Builder
	b.WriteRune(c)
	for {
		c, err := r.rune()
		if errors.Is(err, io.EOF) {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
		if delimiter(c) {
			r.unread()
			return b.String(), nil
		}
		b.WriteRune(c)
	}
}

// atom reads nil, true, false, a number, a keyword or a symbol.
func (r *Reader) atom(c rune) (any, error) {
	at := r.last
	text, err := r.token(c)
	if err != nil {
		return nil, err
	}
	v, ok := atomOf(text)
	if !ok {
		return nil, &Error{At: at, Text: strconv.Quote(shorten(text)) + " is no value"}
	}
	return v, nil
}

func shorten(text string) string {
	if len(text) > 40 {
		return strings.ToValidUTF8(text[:40], "") + "..."
	}
	return text
}

func atomOf(text string) (any, bool) {
	switch {
	case text == "nil":
		return nil, true
	case text == "true" || text == "false":
		return text == "true", true
	case numeric(text):
		return numberOf(text)
	case text[0] == ':':
		return Keyword(text[1:]), name(text[1:])
	}
	return Symbol(text), name(text)
}

// numeric says if a text begins as only numbers do.
func numeric(text string) bool {
	digits := strings.TrimLeft(text[:min(2, len(text))], "+-")
	return digits != "" && digits[0] >= '0' && digits[0] <= '9'
}

func numberOf(text string) (any, bool) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, true
	}
	if hex, ok := strings.CutPrefix(text, "0x"); ok { // in #object[...]
		i, err := strconv.ParseUint(hex, 16, 63)
		return int64(i), err == nil
	}
	if strings.Trim(text, "+-0123456789.eE") == "" {
		f, err := strconv.ParseFloat(text, 64)
		if err == nil && strings.ContainsAny(text, ".eE") {
			return f, true
		}
	}
	return Number(text), bigNumber(text)
}

// bigNumber says if a text is a number that needs more than 64 bits, or says that it does.
func bigNumber(text string) bool {
	text = strings.TrimLeft(text, "+-")
	if n, d, ratio := strings.Cut(text, "/"); ratio {
		return digits(n) && digits(d)
	}
	if whole, big := strings.CutSuffix(text, "N"); big || digits(text) {
		return digits(whole)
	}
	text = strings.TrimSuffix(text, "M")
	_, err := strconv.ParseFloat(text, 64)
	return strings.Trim(text, "+-0123456789.eE") == "" && (err == nil || errors.Is(err, strconv.ErrRange))
}

func digits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// name says if a text can be a symbol's name. It is generous: Clojure's are many.
func name(text string) bool { return text != "" && !strings.ContainsAny(text, "@`~^") }

// text reads a string, after its quote.
func (r *Reader) text() (string, error) {
	var b strings.Builder
	for {
		c, err := r.inside("a string")
		switch {
		case err != nil:
			return "", err
		case c == '"':
			return b.String(), nil
		case c == '\\':
			if c, err = r.escaped(); err != nil {
				return "", err
			}
		}
		b.WriteRune(c)
	}
}

var escapes = map[rune]rune{'t': '\t', 'r': '\r', 'n': '\n', 'b': '\b', 'f': '\f', '"': '"', '\\': '\\'}

// escaped reads what follows a backslash in a string.
func (r *Reader) escaped() (rune, error) {
	c, err := r.inside("a string")
	if err != nil {
		return 0, err
	}
	if e, ok := escapes[c]; ok {
		return e, nil
	}
	if c != 'u' {
		return 0, r.wrong("no escape begins with \\%c", c)
	}
	var hex [4]byte
	for i := range hex {
		if c, err = r.inside("a string"); err != nil {
			return 0, err
		}
		hex[i] = byte(min(c, utf8.RuneSelf))
	}
	code, err := strconv.ParseUint(string(hex[:]), 16, 16)
	if err != nil {
		return 0, r.wrong("\\u wants four hexadecimal digits")
	}
	if utf16.IsSurrogate(rune(code)) {
		return 0, r.wrong("\\u%s is half of a character", hex[:])
	}
	return rune(code), nil
}

var charNames = map[string]rune{"newline": '\n', "return": '\r', "space": ' ', "tab": '\t', "formfeed": '\f', "backspace": '\b'}

// char reads a character, after its backslash.
func (r *Reader) char() (Char, error) {
	at := r.last
	c, err := r.inside("a character")
	if err != nil {
		return 0, err
	}
	text, err := r.token(c)
	if err != nil {
		return 0, err
	}
	if n, ok := charNames[text]; ok {
		return Char(n), nil
	}
	if utf8.RuneCountInString(text) == 1 {
		return Char(c), nil
	}
	if code, err := strconv.ParseUint(text[1:], 16, 16); c == 'u' && err == nil {
		return Char(code), nil
	}
	return 0, &Error{At: at, Text: strconv.Quote(`\`+shorten(text)) + " is no character"}
}

// dispatch reads what follows a #.
func (r *Reader) dispatch() (v any, ignored bool, err error) {
	c, err := r.inside("what follows #")
	if err != nil {
		return nil, false, err
	}
	switch {
	case c == '{':
		all, err := r.sequence('}', "a set")
		return Set(all), false, err
	case c == '_':
		_, err := r.needed("#_")
		return nil, true, err
	case c == '#':
		v, err = r.special()
		return v, false, err
	case delimiter(c) || c == '<' || c == '\'':
		return nil, false, r.wrong("#%c begins nothing that can be read", c)
	}
	tag, err := r.token(c)
	if err != nil {
		return nil, false, err
	}
	v, err = r.needed("#" + shorten(tag))
	return Tagged{tag, v}, false, err
}

// needed reads the value that must follow.
func (r *Reader) needed(what string) (any, error) {
	v, closing, err := r.value()
	if errors.Is(err, io.EOF) || err == nil && closing != 0 {
		return nil, r.wrong("no value follows %s", what)
	}
	return v, err
}

var specials = map[string]float64{"Inf": math.Inf(1), "-Inf": math.Inf(-1), "NaN": math.NaN()}

// special reads ##Inf and its like, after ##.
func (r *Reader) special() (any, error) {
	at := r.last
	c, err := r.inside("what follows ##")
	if err != nil {
		return nil, err
	}
	text, err := r.token(c)
	f, ok := specials[text]
	if err == nil && !ok {
		err = &Error{At: at, Text: strconv.Quote("##"+shorten(text)) + " is no number"}
	}
	return f, err
}
