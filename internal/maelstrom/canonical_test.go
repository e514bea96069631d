package maelstrom

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestEqualValuesHaveOneText(t *testing.T) {
	for want, texts := range map[string][]string{
		`1`:                  {`1`, `1.0`, `10e-1`, ` 1 `, `0.1E+1`, `1.000e0`},
		`0`:                  {`0`, `-0`, `0.00`, `0e99`, `-0.0e-5`},
		`-12.5`:              {`-12.5`, `-125e-1`, `-0.125E2`},
		`0.001`:              {`0.001`, `1e-3`},
		`1200`:               {`1200`, `12e2`, `1.2e3`},
		`1e21`:               {`1e21`, `1000000000000000000000`},
		`15e-22`:             {`1.5e-21`},
		`{"a":1,"b":2}`:      {`{"b":2,"a":1}`, `{ "a":1.0, "b":2, "a":1 }`, `{"a":7,"b":2,"a":1}`},
		`["<",null,true,{}]`: {`[ "\u003c" , null,true , { } ]`},
		`"é"`:                {`"é"`, `"\u00e9"`},
		`null`:               {`null`, "\tnull\n"},
		`9007199254740993`:   {`9007199254740993`, `9007199254740993.0`},
	} {
		for _, text := range texts {
			got, err := canonical([]byte(text))
			if err != nil || string(got) != want {
				t.Errorf("%s became %s, %v; want %s", text, got, err, want)
			}
		}
	}
}

func TestOtherValuesHaveOtherTexts(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{`1`, `"1"`, `[1]`, `-1`, `10`, `0.1`, `1.1`, `1e30`, `1e31`, `9007199254740992`, `9007199254740993`, `null`, `"null"`, `{}`, `[]`, `""`, `false`} {
		got, err := canonical([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[string(got)]; ok {
			t.Errorf("%s and %s are both %s", text, other, got)
		}
		seen[string(got)] = text
	}
}

func TestWhatIsNoValueIsRefused(t *testing.T) {
	for _, text := range []string{``, ` `, `1 2`, `{`, `nul`, `01`, `1e99999999999999999999`, `1e1000001`, `-1e-1000001`, `{"a":1}}`, `[1,]`, `'a'`} {
		if got, err := canonical([]byte(text)); err == nil {
			t.Errorf("%s became %s", text, got)
		}
	}
}

// A canonical text stays what it is, also inside a command on its way through the
// list.
func FuzzCanonical(f *testing.F) {
	for _, text := range []string{`1.50`, `{"b":[1e5,"<&>"],"a":null}`, `"\ud800"`, `-0.0e7`, `"\u2028"`, `1e-21`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		once, err := canonical(text)
		if err != nil {
			return
		}
		twice, err := canonical(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q became %q, then %q, %v", text, once, twice, err)
		}
		c := command{Life: "x", Seq: 1, Ops: []op{{Do: doCAS, Key: once, From: once, Value: once}}}
		entry, err := encodeText(c)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeCommand(entry)
		if err != nil || !bytes.Equal(back.Ops[0].Key, once) || !bytes.Equal(back.Ops[0].From, once) {
			t.Fatalf("%s came back as %+v, %v", entry, back, err)
		}
		if !json.Valid(once) {
			t.Fatalf("%q is no JSON", once)
		}
	})
}
