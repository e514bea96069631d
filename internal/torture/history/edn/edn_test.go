package edn

import (
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
)

func read(text string) (all []any, err error) {
	r := NewReader(strings.NewReader(text))
	for {
		v, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
}

func TestEveryKindOfValueIsRead(t *testing.T) {
	for text, want := range map[string]any{
		"nil": nil, "true": true, "false": false,
		"7": int64(7), "-7": int64(-7), "+7": int64(7), "9223372036854775807": int64(math.MaxInt64),
		"9223372036854775808": Number("9223372036854775808"), "7N": Number("7N"), "1.5M": Number("1.5M"), "-1/3": Number("-1/3"),
		"1.5": 1.5, "-1e3": -1000.0, "1.": 1.0, "2.5E-1": 0.25, "##Inf": math.Inf(1), "##-Inf": math.Inf(-1),
		`""`: "", `"a\"b\\\n\u00e9é"`: "a\"b\\\néé", "\"two\nlines\"": "two\nlines",
		`\a`: Char('a'), `\newline`: Char('\n'), `\u0041`: Char('A'), `\é`: Char('é'), `\[`: Char('['),
		":a": Keyword("a"), ":a/b": Keyword("a/b"), ":valid?": Keyword("valid?"), ":a-b_c.d+e*f!": Keyword("a-b_c.d+e*f!"),
		"a": Symbol("a"), "-": Symbol("-"), "clojure.core/+": Symbol("clojure.core/+"), "a'": Symbol("a'"), "->x": Symbol("->x"),
		"[]": Vector(nil), "[1 2]": Ints{1, 2}, "[1,2,]": Ints{1, 2}, "[1 nil 2]": Vector{int64(1), nil, int64(2)}, "[[1] []]": Vector{Ints{1}, Vector(nil)},
		"()": List(nil), "(1 :a)": List{int64(1), Keyword("a")}, "#{}": Set(nil), "#{1 2}": Set{int64(1), int64(2)},
		`#inst "2024"`: Tagged{"inst", "2024"}, "#a.b/c[1]": Tagged{"a.b/c", Ints{1}},
		`#object[a.B 0x1f "x"]`:         Tagged{"object", Vector{Symbol("a.B"), int64(31), "x"}},
		"{}":                            Map{At: Position{1, 1}},
		"{:a 1, \"b\" [2]}":             Map{At: Position{1, 1}, Pairs: []Pair{{Keyword("a"), int64(1)}, {"b", Ints{2}}}},
		"#r{:a nil}":                    Tagged{"r", Map{At: Position{1, 3}, Pairs: []Pair{{Keyword("a"), nil}}}},
		"; a comment\n 1 ; and another": int64(1), "#_ ignored 1": int64(1), "#_#_ a b 1": int64(1), "[1 #_ 2 3]": Ints{1, 3},
	} {
		all, err := read(text)
		if err != nil || len(all) != 1 || !reflect.DeepEqual(all[0], want) {
			t.Errorf("%s is %#v, %v; want %#v", text, all, err, want)
		}
	}
}

func TestValuesFollowOneAnother(t *testing.T) {
	all, err := read("1[2]{:a 3}\"x\":b;end")
	if err != nil || len(all) != 5 {
		t.Errorf("%#v, %v", all, err)
	}
	r := NewReader(strings.NewReader("1\n  é [2]"))
	for _, want := range []Position{{1, 1}, {2, 3}, {2, 5}} {
		if _, err := r.Next(); err != nil || r.Began() != want {
			t.Errorf("%v, %v; want %v", r.Began(), err, want)
		}
	}
}

func TestBadInputIsAnErrorWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		"[1 2":                        "line 1, column 5: the text ends within a vector",
		"{:a 1\n :b}":                 "line 2, column 4: a key without a value",
		"[1\n 2)":                     `line 2, column 3: ')' where ']' must close a vector`,
		"é ]":                         `line 1, column 3: ']' closes nothing`,
		"\n\n\"abc":                   "line 3, column 5: the text ends within a string",
		`"\x"`:                        `line 1, column 3: no escape begins with \x`,
		`"\u00g0"`:                    "four hexadecimal digits",
		`"\ud83d"`:                    "half of a character",
		"\n 1x":                       `line 2, column 2: "1x" is no value`,
		"\\abc":                       "is no character",
		"1/x":                         "is no value",
		":":                           "is no value",
		"a`b":                         "is no value",
		"#":                           "the text ends within what follows #",
		"#<Object>":                   "begins nothing",
		`#"x"`:                        "begins nothing",
		"#tag":                        "no value follows #tag",
		"[#_]":                        "no value follows #_",
		"##x":                         "is no number",
		"\xff":                        "line 1, column 1: this is no UTF-8",
		strings.Repeat("[", 1000):     "line 1, column 201: more than 200 values within each other",
		strings.Repeat("#_ ", 1000):   "more than 200 values",
		strings.Repeat("#a ", 1000):   "more than 200 values",
		strings.Repeat("{1 ", 1000):   "more than 200 values",
		strings.Repeat("#{ ", 1000):   "more than 200 values",
		strings.Repeat("é", 99) + "`": "is no value",
	} {
		_, err := read(text)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v; want %q", text, err, want)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAnErrorOfTheInputIsToldAsItIs(t *testing.T) {
	for _, text := range []string{"", "[1", "abc", `"x`, "#", "; x"} {
		r := NewReader(io.MultiReader(strings.NewReader(text), broken{}))
		if _, err := r.Next(); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzWhatIsReadIsWrittenAndReadAgain(f *testing.F) {
	for _, seed := range []string{
		"{:type :ok, :f :read, :value [1 2], :process :nemesis, :error \"a\\n\\\"\"}", "#jepsen.history.Op{:a #{1 nil}}",
		"[1.5 7N 1/2 ##NaN \\a \\newline \\u0041]", "#_ x (1 ; c\n sym :k/w)", "[[[[", "{1 2 3}", "\"\\u12\"", "#inst \"2\"", "1e999", "[9223372036854775808]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, _ := read(text)
		for _, v := range all {
			line := String(v)
			again, err := read(line)
			if err != nil || len(again) != 1 || String(again[0]) != line || strings.Contains(line, "\n") {
				t.Fatalf("%q was read as %#v, and written as %q: %#v, %v", text, v, line, again, err)
			}
		}
	})
}
