package edn

import "fmt"

// A value is nil, a bool, an int64, a float64, a string, or one of these.
type (
	// Keyword is :name, without the colon.
	Keyword string
	// Symbol is a bare name.
	Symbol string
	// Number is a number that an int64 or a float64 can't hold, as it was written:
	// 9223372036854775808, 7N, 1.5M, 1/3.
	Number string
	// Char is \a.
	Char rune
	// Ints is a vector with at least one element, all of which are an int64.
	Ints []int64
	// Vector is any other [...].
	Vector []any
	// List is (...).
	List []any
	// Set is #{...}.
	Set []any
	// Tagged is #tag value.
	Tagged struct {
		Tag   string
		Value any
	}
	// Map is {...}. Keys may be anything, and twice the same.
	Map struct {
		Pairs []Pair
		At    Position
	}
	// Pair is a key and its value.
	Pair struct{ Key, Value any }
)

// Position is a place in a text: line and column, in characters, both from 1 on.
type Position struct{ Line, Column int }

func (p Position) String() string { return fmt.Sprintf("line %d, column %d", p.Line, p.Column) }

// Error says what is wrong with a text, and where.
type Error struct {
	At   Position
	Text string
}

func (e *Error) Error() string { return e.At.String() + ": " + e.Text }

// Get finds the value of a keyword, or of a string of that name.
func (m *Map) Get(name string) (any, bool) {
	for _, p := range m.Pairs {
		switch k := p.Key.(type) {
		case Keyword:
			if string(k) == name {
				return p.Value, true
			}
		case string:
			if k == name {
				return p.Value, true
			}
		}
	}
	return nil, false
}
