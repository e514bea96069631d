package value

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"
)

// canonicalOf is the twin: encoding/json, without HTML escaping.
func canonicalOf(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestEveryTextOfAValueGivesTheSameBytes(t *testing.T) {
	for text, want := range map[string]string{
		`0`: `0`, `-0`: `0`, `7`: `7`, `-7`: `-7`,
		`123456789012345678901234567890`:  `123456789012345678901234567890`,
		`-123456789012345678901234567890`: `-123456789012345678901234567890`,
		`""`:                              `""`,
		`"a"`:                             `"a"`,
		`"\u0061"`:                        `"a"`,
		`"\/<&>"`:                         `"/<&>"`,
		`"\u00e9"`:                        `"é"`,
		`"\uD83D\uDE00"`:                  `"😀"`,
		`"😀"`:                             `"😀"`,
		`"\u0022\u005c"`:                  `"\"\\"`,
		`"\b\f\n\r\t\u0008"`:              `"\b\f\n\r\t\b"`,
		`"\u0001\u001F\u007f"`:            `"\u0001\u001f` + "\x7f" + `"`,
		"\"\u2028\"":                      `"\u2028"`,
		`"\u2029"`:                        `"\u2029"`,
		`"\ufffd"`:                        `"` + "\ufffd" + `"`,
		"\t\r\n 5 \n":                     `5`,
		`"a\u0000b"`:                      `"a\u0000b"`,
		"\"plain \u2028 \\n x\"":          `"plain \u2028 \n x"`,
	} {
		v, err := Parse(text)
		if err != nil || v.String() != want {
			t.Errorf("%s gives %s (%v), want %s", text, v, err, want)
		}
	}
}

func TestWhatIsNoValueSaysWhyAndWhere(t *testing.T) {
	for text, want := range map[string]string{
		``:                "ends where a value is expected at byte 0",
		`  `:              "ends where a value is expected at byte 2",
		`-`:               "digits are expected after the minus sign at byte 1",
		`01`:              "leading zeros at byte 0",
		`-01`:             "leading zeros at byte 1",
		`00`:              "leading zeros at byte 0",
		`+1`:              `found '+', a value is an integer or a string at byte 0`,
		`1.5`:             "no fraction and no exponent here at byte 1",
		`1e3`:             "no fraction and no exponent here at byte 1",
		`1E3`:             "no fraction and no exponent here at byte 1",
		`1 2`:             "something follows the value at byte 2",
		`1x`:              "something follows the value at byte 1",
		`true`:            "found true or false",
		`null`:            "found null",
		`{}`:              "found an object",
		` [1]`:            "found an array, a value is an integer or a string at byte 1",
		`NaN`:             "found 'N'",
		`"`:               "ends within a string at byte 1",
		`"abc`:            "ends within a string at byte 4",
		`"\n`:             "ends within a string",
		`"\`:              "ends within an escape",
		`"\x"`:            `unknown escape \x at byte 1`,
		`"\u12"`:          "four hexadecimal digits at byte 1",
		`"\u12g4"`:        "four hexadecimal digits at byte 1",
		`"\u+123"`:        "four hexadecimal digits at byte 1",
		`"\ud800"`:        "half a surrogate pair is no character at byte 1",
		`"\udc00"`:        "half a surrogate pair",
		`"\ud800\ud800"`:  "half a surrogate pair",
		`"\ud800x"`:       "half a surrogate pair",
		"\"a\xff\"":       "not UTF-8 at byte 2",
		"\"\\n\xed\xa0\"": "not UTF-8 at byte 3",
		"\"a\nb\"":        "control character 0x0a stands in a string without an escape at byte 2",
		"\"\\t\x00\"":     "control character",
		`"a" "b"`:         "something follows the value at byte 4",
	} {
		v, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %s, %v; want %q", text, v, err, want)
		}
	}
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	huge, _ := new(big.Int).SetString("-98765432109876543210987654321", 10)
	if n, ok := BigInt(huge).BigInt(); !ok || n.Cmp(huge) != 0 {
		t.Errorf("%v came back as %v", huge, n)
	}
	if _, ok := BigInt(huge).Int64(); ok {
		t.Error("a huge integer fits 64 bits")
	}
	if n, ok := Int(-5).Int64(); !ok || n != -5 {
		t.Errorf("-5 came back as %d", n)
	}
	if s, ok := String("a\"\n😀").Text(); !ok || s != "a\"\n😀" {
		t.Errorf("the string came back as %q", s)
	}
	if _, ok := String("7").BigInt(); ok {
		t.Error("the string \"7\" is an integer")
	}
	if _, ok := Int(7).Text(); ok || Int(7).IsString() {
		t.Error("the integer 7 is a string")
	}
	if String("a\xffb") != String("a\ufffdb") {
		t.Error("broken UTF-8 did not become U+FFFD")
	}
}

func TestEqualValuesAreEqual(t *testing.T) {
	var unset Value
	minus, _ := Parse("-0")
	a, _ := Parse(`"\u0061"`)
	if unset != Int(0) || minus != unset || BigInt(nil) != unset || a != String("a") || Int(1) == Int(2) {
		t.Error("== does not say whether values are equal")
	}
}

func TestValuesAreJSON(t *testing.T) {
	in := `[1,-0,"x","\u003c"]`
	var values []Value
	if err := json.Unmarshal([]byte(in), &values); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(map[string]Value{"a": values[3], "b": {}})
	if err != nil || string(out) != `{"a":"\u003c","b":0}` {
		t.Errorf("gives %s, %v", out, err)
	}
	for _, bad := range []string{`[1.5]`, `[null]`, `[true]`, `["\ud800"]`} {
		if json.Unmarshal([]byte(bad), &values) == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestOnlyCanonicalTextIsAPayload(t *testing.T) {
	for _, text := range []string{`-0`, ` 1`, `"\u0061"`, `1 `, `x`} {
		if v, err := FromPayload([]byte(text)); err == nil {
			t.Errorf("%q was taken as %s", text, v)
		}
	}
	if v, err := FromPayload(Int(12).Payload()); err != nil || v != Int(12) {
		t.Errorf("12 came back as %s, %v", v, err)
	}
}

func TestScanCopiesNothingThatIsCanonical(t *testing.T) {
	for _, text := range []string{`12345,`, `"some text é"}`} {
		in := []byte(text)
		canonical, n, err := Scan(in)
		if err != nil || n != len(text)-1 || &canonical[0] != &in[0] {
			t.Errorf("%s: %s, %d bytes, %v: a copy", text, canonical, n, err)
		}
		if got := testing.AllocsPerRun(100, func() { _, _, _ = Scan(in) }); got != 0 {
			t.Errorf("%s: %v allocations", text, got)
		}
	}
}

// Scan against encoding/json: what it takes is JSON and means the same, and is
// written as encoding/json writes it; what it refuses is no integer and no string,
// or would not come back as it was.
func FuzzScan(f *testing.F) {
	for _, text := range []string{`0`, `-0`, `12x`, `"a\u0061\n"`, `"\ud83d\ude00"`, `"\ud800"`, "\"\xff\"", "\"\u2028\"", `1e5`, `[`, `"\u007f"`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		canonical, n, err := Scan(text)
		if err != nil {
			if at := err.(*Error).At; at < 0 || at > len(text) {
				t.Fatalf("%q: error at byte %d", text, at)
			}
			return
		}
		if !json.Valid(text[:n]) || !utf8.Valid(canonical) {
			t.Fatalf("%q was taken, which is no JSON", text[:n])
		}
		d := json.NewDecoder(bytes.NewReader(text[:n]))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%q was taken: %v", text[:n], err)
		}
		if number, ok := v.(json.Number); ok {
			i, _ := new(big.Int).SetString(number.String(), 10)
			if i == nil || i.String() != string(canonical) {
				t.Fatalf("%q became %s", text[:n], canonical)
			}
		} else if want := canonicalOf(t, v); want != string(canonical) {
			t.Fatalf("%q became %s, encoding/json writes %s", text[:n], canonical, want)
		}
		if again, m, err := Scan(canonical); err != nil || m != len(canonical) || !bytes.Equal(again, canonical) {
			t.Fatalf("%q is not canonical: %q, %v", canonical, again, err)
		}
		if bytes.ContainsAny(canonical, "\r\n") {
			t.Fatalf("%q has a line break", canonical)
		}
	})
}

// Strings of Go are written as encoding/json writes them, and come back.
func FuzzStringIsAsEncodingJSONWritesIt(f *testing.F) {
	f.Add("a\"\\\b\f\n\r\t\x00\x1f\x7f<>&\u2028\u2029😀é\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := String(s).String(), canonicalOf(t, strings.ToValidUTF8(s, "\ufffd")); got != want && utf8.ValidString(s) {
			t.Fatalf("%q: %s, encoding/json writes %s", s, got, want)
		}
		v, err := Parse(String(s).String())
		if back, ok := v.Text(); err != nil || !ok || utf8.ValidString(s) && back != s {
			t.Fatalf("%q came back as %q, %v", s, back, err)
		}
	})
}
