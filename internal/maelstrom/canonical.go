package maelstrom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// canonical returns the one text of a JSON value: two values are equal if and only
// if their texts are. Objects have their members in the order of their names (of
// several with one name the last counts), numbers are written by their decimal
// value (1, 1.0 and 10e-1 are equal), strings without needless escapes. What is no
// UTF-8 in a string counts as U+FFFD.
func canonical(raw []byte) (json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	v, err := normal(v)
	if err != nil {
		return nil, err
	}
	return encodeText(v)
}

// normal brings all numbers in a value to their one form.
func normal(v any) (_ any, err error) {
	switch v := v.(type) {
	case json.Number:
		return normalNumber(string(v))
	case []any:
		for i := range v {
			if v[i], err = normal(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range v {
			if v[name], err = normal(v[name]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// maxExponent bounds a number's power of ten; nobody needs more.
const maxExponent = 1_000_000

// plainDigits is how many zeros a number may have that is written without a
// power of ten.
const plainDigits = 20

// normalNumber writes a JSON number by its decimal value, exactly.
func normalNumber(text string) (json.Number, error) {
	mantissa, power, _ := strings.Cut(strings.ToLower(text), "e")
	exponent := 0
	if power != "" {
		var err error
		if exponent, err = strconv.Atoi(power); err != nil || exponent > maxExponent || exponent < -maxExponent {
			return "", fmt.Errorf("the number %s is out of range", text)
		}
	}
	digits, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	exponent -= len(fraction)
	digits = strings.TrimLeft(whole+fraction, "0")
	short := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(short)
	if short == "" {
		return "0", nil
	}
	sign := ""
	if negative {
		sign = "-"
	}
	return json.Number(sign + decimal(short, exponent)), nil
}

// decimal writes digits times ten to the exponent.
func decimal(digits string, exponent int) string {
	switch {
	case exponent >= 0 && exponent <= plainDigits:
		return digits + strings.Repeat("0", exponent)
	case exponent < 0 && exponent >= -plainDigits:
		if missing := 1 - exponent - len(digits); missing > 0 {
			digits = strings.Repeat("0", missing) + digits
		}
		point := len(digits) + exponent
		return digits[:point] + "." + digits[point:]
	}
	return fmt.Sprintf("%se%d", digits, exponent)
}
