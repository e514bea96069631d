package value

import (
	"fmt"
	"math/big"
	"strconv"
)

// Value is an entry of the list: an integer of any size, or a string. The zero
// Value is the integer 0. Equal values are equal by ==.
type Value struct {
	text string // canonical JSON, but "" for 0
}

func fromCanonical(text string) Value {
	if text == "0" {
		text = ""
	}
	return Value{text}
}

// Int is the integer n.
func Int(n int64) Value { return fromCanonical(strconv.FormatInt(n, 10)) }

// BigInt is the integer n, which is copied; nil counts as 0.
func BigInt(n *big.Int) Value {
	if n == nil {
		return Value{}
	}
	return fromCanonical(n.String())
}

// String is the string s. Bytes that are not UTF-8 become U+FFFD, as in
// encoding/json: who must know asks utf8.ValidString before.
func String(s string) Value {
	if plain([]byte(s)) == len(s) { // as nearly always: one copy does
		return Value{`"` + s + `"`}
	}
	return Value{string(appendQuoted(make([]byte, 0, len(s)+len(s)/8+2), s))}
}

// Parse reads a value from its JSON text, with or without white space around it.
// Errors are *Error.
func Parse(text string) (Value, error) {
	front := 0
	for front < len(text) && isSpace(text[front]) {
		front++
	}
	canonical, n, err := Scan([]byte(text[front:]))
	if err != nil {
		err.(*Error).At += front
		return Value{}, err
	}
	for end := front + n; end < len(text); end++ {
		if !isSpace(text[end]) {
			return Value{}, &Error{end, "something follows the value"}
		}
	}
	return fromCanonical(string(canonical)), nil
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }

// FromPayload reads an entry of the list. Only canonical text is a payload.
func FromPayload(payload []byte) (Value, error) {
	v, err := Parse(string(payload))
	if err != nil {
		return Value{}, fmt.Errorf("payload of an entry: %w", err)
	}
	if v.String() != string(payload) {
		return Value{}, fmt.Errorf("payload of an entry is not canonical: %q instead of %q", payload, v.String())
	}
	return v, nil
}

// Payload returns the bytes that stand for v in the list, in a new slice.
func (v Value) Payload() []byte { return []byte(v.String()) }

// String returns v as canonical JSON: strings have their quotes.
func (v Value) String() string {
	if v.text == "" {
		return "0"
	}
	return v.text
}

// IsString tells strings from integers.
func (v Value) IsString() bool { return v.text != "" && v.text[0] == '"' }

// Text returns the characters of a string; ok is false for an integer.
func (v Value) Text() (s string, ok bool) {
	if !v.IsString() {
		return "", false
	}
	var out []byte
	for text, n := []byte(v.text), 1; n < len(text)-1; {
		r, size, err := nextRune(text, n)
		if err != nil {
			panic(fmt.Sprintf("value: the text of a Value is canonical: %v", err))
		}
		out = append(out, string(r)...)
		n += size
	}
	return string(out), true
}

// Int64 returns an integer; ok is false for a string and for an integer that 64
// bits with a sign do not hold.
func (v Value) Int64() (n int64, ok bool) {
	n, err := strconv.ParseInt(v.String(), 10, 64)
	return n, err == nil
}

// BigInt returns an integer of any size; ok is false for a string.
func (v Value) BigInt() (n *big.Int, ok bool) {
	if v.IsString() {
		return nil, false
	}
	return new(big.Int).SetString(v.String(), 10)
}

// MarshalJSON returns the canonical text.
func (v Value) MarshalJSON() ([]byte, error) { return v.Payload(), nil }

// UnmarshalJSON takes integers and strings only.
func (v *Value) UnmarshalJSON(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*v = parsed
	}
	return err
}
