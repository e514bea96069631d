package edn

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// mostDepth is how deep values may be nested: the reader calls itself.
const mostDepth = 200

// Reader reads values, one after another.
type Reader struct {
	in    *bufio.Reader
	at    Position // of the character that comes next
	last  Position // of the one that was read last
	depth int
	began Position // of the value that was read last
}

// NewReader reads from in.
func NewReader(in io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(in, 64<<10), at: Position{1, 1}}
}

// Next reads a value; after the last one it returns io.EOF. Bad input gives an *Error.
func (r *Reader) Next() (any, error) {
	v, closing, err := r.value()
	if err == nil && closing != 0 {
		err = r.wrong("%q closes nothing", closing)
	}
	return v, err
}

// Began is where the value began that Next returned last.
func (r *Reader) Began() Position { return r.began }

func (r *Reader) wrong(format string, args ...any) error {
	return &Error{At: r.last, Text: fmt.Sprintf(format, args...)}
}

// rune reads a character.
func (r *Reader) rune() (rune, error) {
	c, size, err := r.in.ReadRune()
	r.last = r.at
	switch {
	case err != nil:
		return 0, err
	case c == '\uFFFD' && size == 1:
		return 0, r.wrong("this is no UTF-8")
	case c == '\n':
		r.at = Position{r.at.Line + 1, 1}
	default:
		r.at.Column++
	}
	return c, nil
}

// inside is rune where the text must not end yet.
func (r *Reader) inside(what string) (rune, error) {
	c, err := r.rune()
	if errors.Is(err, io.EOF) {
		return 0, r.wrong("the text ends within %s", what)
	}
	return c, err
}

// unread undoes the last rune.
func (r *Reader) unread() {
	_ = r.in.UnreadRune() // it can't fail after ReadRune
	r.at = r.last
}

func space(c rune) bool {
	return c == ' ' || c == ',' || c == '\n' || c == '\t' || c == '\r' || c == '\f'
}

// skip goes over white space and comments, and returns what comes then.
func (r *Reader) skip() (rune, error) {
	for {
		c, err := r.rune()
		if err != nil {
			return 0, err
		}
		if c == ';' {
			for c != '\n' && err == nil {
				c, err = r.rune()
			}
			if err != nil {
				return 0, err
			}
		}
		if !space(c) {
			return c, nil
		}
	}
}

// value reads a value, or one of the characters that close a collection.
func (r *Reader) value() (v any, closing rune, err error) {
	for {
		c, err := r.skip()
		if err != nil {
			return nil, 0, err
		}
		if c == ')' || c == ']' || c == '}' {
			return nil, c, nil
		}
		began := r.last
		v, ignored, err := r.from(c)
		if err != nil || !ignored {
			r.began = began
			return v, 0, err
		}
	}
}

// from reads the value that begins with c. It may be one that is to be ignored.
func (r *Reader) from(c rune) (v any, ignored bool, err error) {
	if r.depth++; r.depth > mostDepth {
		return nil, false, r.wrong("more than %d values within each other", mostDepth)
	}
	defer func() { r.depth-- }()
	switch c {
	case '[':
		v, err = r.vector()
	case '(':
		var all []any
		all, err = r.sequence(')', "a list")
		v = List(all)
	case '{':
		v, err = r.dictionary()
	case '"':
		v, err = r.text()
	case '\\':
		v, err = r.char()
	case '#':
		return r.dispatch()
	default:
		v, err = r.atom(c)
	}
	return v, false, err
}

// sequence reads values up to what closes them.
func (r *Reader) sequence(end rune, what string) (all []any, err error) {
	for {
		v, more, err := r.element(end, what)
		if err != nil || !more {
			return all, err
		}
		all = append(all, v)
	}
}

// element reads one value of a collection, if there is one more.
func (r *Reader) element(end rune, what string) (v any, more bool, err error) {
	v, closing, err := r.value()
	switch {
	case errors.Is(err, io.EOF):
		return nil, false, r.wrong("the text ends within %s", what)
	case err != nil:
		return nil, false, err
	case closing == 0:
		return v, true, nil
	case closing != end:
		return nil, false, r.wrong("%q where %q must close %s", closing, end, what)
	}
	return nil, false, nil
}

// vector reads a vector. Integers are kept as such for as long as there is nothing else:
// a history's lists are long.
func (r *Reader) vector() (any, error) {
	var ints Ints
	for {
		v, more, err := r.element(']', "a vector")
		if err != nil {
			return nil, err
		}
		i, isInt := v.(int64)
		switch {
		case !more && len(ints) == 0:
			return Vector(nil), nil
		case !more:
			return ints, nil
		case !isInt:
			return r.mixed(ints, v)
		}
		ints = append(ints, i)
	}
}

// mixed reads the rest of a vector that is not all integers.
func (r *Reader) mixed(ints Ints, next any) (any, error) {
	all := make(Vector, 0, len(ints)+1)
	for _, i := range ints {
		all = append(all, i)
	}
	rest, err := r.sequence(']', "a vector")
	return append(append(all, next), rest...), err
}

func (r *Reader) dictionary() (Map, error) {
	m := Map{At: r.last}
	for {
		key, more, err := r.element('}', "a map")
		if err != nil || !more {
			return m, err
		}
		value, more, err := r.element('}', "a map")
		if err != nil {
			return m, err
		}
		if !more {
			return m, r.wrong("a key without a value")
		}
		m.Pairs = append(m.Pairs, Pair{key, value})
	}
}
