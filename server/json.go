package server

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"paxos/server/value"
)

// cursor reads a request body strictly, from front to end. An offset in its
// errors is one in the body.
type cursor struct {
	in []byte
	at int
}

func (c *cursor) fail(format string, args ...any) error {
	return bad("%s at byte %d of the body", fmt.Sprintf(format, args...), c.at)
}

// peek is the next byte that is no white space, 0 at the end.
func (c *cursor) peek() byte {
	for ; c.at < len(c.in); c.at++ {
		switch b := c.in[c.at]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

// take steps over b, if that is next.
func (c *cursor) take(b byte) bool {
	if c.peek() != b || c.at >= len(c.in) {
		return false
	}
	c.at++
	return true
}

// value reads an integer or a string and returns its canonical text, a part of
// the body where it stands there so.
func (c *cursor) value() ([]byte, error) {
	c.peek()
	text, n, err := value.Scan(c.in[c.at:])
	if err != nil {
		var e *value.Error
		if errors.As(err, &e) {
			c.at += e.At
			return nil, c.fail("%s", e.Reason)
		}
		return nil, err
	}
	c.at += n
	return text, nil
}

// integer reads an integer of any size.
func (c *cursor) integer() ([]byte, error) {
	if b := c.peek(); b != '-' && (b < '0' || b > '9') {
		return nil, c.fail("an integer is expected")
	}
	return c.value()
}

// number reads a whole number from least to most.
func (c *cursor) number(least, most uint64) (uint64, error) {
	c.peek()
	start := c.at
	text, err := c.integer()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || n < least || n > most {
		c.at = start
		if most == math.MaxUint64 {
			return 0, c.fail("a whole number of at least %d, of 64 bits, is expected", least)
		}
		return 0, c.fail("a whole number from %d to %d is expected", least, most)
	}
	return n, nil
}

// text reads a string and returns its canonical text, in quotes.
func (c *cursor) text() ([]byte, error) {
	if c.peek() != '"' {
		return nil, c.fail("a string is expected")
	}
	return c.value()
}

// object reads the object that is the whole body, and calls field with the
// place of each name in names (which are in quotes). A name that is not among
// them or stands twice is an error. It returns which were there, bit by bit.
func (c *cursor) object(names []string, field func(i int) error) (seen uint, err error) {
	if !c.take('{') {
		return 0, c.fail("a JSON object is expected")
	}
	for first := true; !c.take('}'); first = false {
		if !first && !c.take(',') {
			return 0, c.fail("a comma or the end of the object is expected")
		}
		i, err := c.name(names, seen)
		if err != nil {
			return 0, err
		}
		if err := field(i); err != nil {
			return 0, err
		}
		seen |= 1 << i
	}
	if c.peek(); c.at < len(c.in) {
		return 0, c.fail("something follows the object")
	}
	return seen, nil
}

// name reads a field's name and the colon behind it.
func (c *cursor) name(names []string, seen uint) (int, error) {
	if c.peek() != '"' {
		return 0, c.fail("a field's name is expected")
	}
	start := c.at
	text, err := c.value()
	if err != nil {
		return 0, err
	}
	i := find(names, text)
	if i < 0 || seen>>i&1 == 1 {
		c.at = start
		if i >= 0 {
			return 0, c.fail("field %s stands twice", text)
		}
		return 0, c.fail("unknown field %.80s", text)
	}
	if !c.take(':') {
		return 0, c.fail("a colon is expected after %s", names[i])
	}
	return i, nil
}

func find(names []string, text []byte) int {
	for i, name := range names {
		if name == string(text) {
			return i
		}
	}
	return -1
}

// array reads an array and calls element for each, which must read it.
func (c *cursor) array(element func() error) error {
	if !c.take('[') {
		return c.fail("an array is expected")
	}
	for first := true; !c.take(']'); first = false {
		if !first && !c.take(',') {
			return c.fail("a comma or the end of the array is expected")
		}
		if err := element(); err != nil {
			return err
		}
	}
	return nil
}
