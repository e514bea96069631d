package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"paxos/protocol"
	"paxos/server/servertest"
)

func TestBadBodiesSayWhatAndWhere(t *testing.T) {
	f := newFront(t, servertest.New(), Options{})
	many := strings.TrimSuffix(strings.Repeat("0,", maxBatch+1), ",")
	for body, message := range map[string]string{
		``:                                      "a JSON object is expected at byte 0",
		` `:                                     "a JSON object is expected at byte 1",
		`null`:                                  "a JSON object is expected",
		`7`:                                     "a JSON object is expected",
		`[{"value": 1}]`:                        "a JSON object is expected",
		`{`:                                     "a field's name is expected at byte 1",
		`{}`:                                    `either "value" or "values"`,
		`{,}`:                                   "a field's name is expected at byte 1",
		`{value: 1}`:                            "a field's name is expected",
		`{'value': 1}`:                          "a field's name is expected",
		`{"value" 1}`:                           `a colon is expected after "value" at byte 9`,
		`{"value": }`:                           `found '}', a value is an integer or a string at byte 10`,
		`{"value": 1,}`:                         "a field's name is expected at byte 12",
		`{"value": 1`:                           "a comma or the end of the object is expected at byte 11",
		`{"value": 1 "seq": 1}`:                 "a comma or the end of the object is expected at byte 12",
		`{"value": 1} x`:                        "something follows the object at byte 13",
		`{"value": 1}{}`:                        "something follows",
		"{\"value\": 1}\x00":                    "something follows",
		"\xef\xbb\xbf{\"value\":1}":             "a JSON object is expected",
		`{"value": 1.0}`:                        "no fraction and no exponent here at byte 11",
		`{"value": 01}`:                         "leading zeros at byte 10",
		`{"value": null}`:                       "found null",
		`{"value": true}`:                       "found true or false",
		`{"value": {"a": 1}}`:                   "found an object",
		`{"value": [1]}`:                        "found an array",
		`{"value": "\ud800"}`:                   "half a surrogate pair is no character at byte 11",
		"{\"value\": \"\xff\"}":                 "not UTF-8",
		`{"value": "abc}`:                       "ends within a string at byte 15",
		`{"value": 1, "value": 1}`:              `field "value" stands twice at byte 13`,
		`{"value": 1, "valu\u0065": 1}`:         `field "value" stands twice`,
		`{"value": 1, "Value": 1}`:              `unknown field "Value" at byte 13`,
		`{"value": 1, "": 1}`:                   `unknown field ""`,
		`{"value": 1, "values": [1]}`:           `either "value" or "values"`,
		`{"values": []}`:                        "at least one value",
		`{"values": 1}`:                         "an array is expected at byte 11",
		`{"values": [1 2]}`:                     "a comma or the end of the array is expected at byte 14",
		`{"values": [1,]}`:                      "a value is an integer or a string",
		`{"values": [[1]]}`:                     "found an array",
		`{"values": [1`:                         "the end of the array",
		`{"values": [` + many + `]}`:            "at most 1024 values",
		`{"value": 1, "client": 1}`:             "stand together",
		`{"value": 1, "seq": 1}`:                "stand together",
		`{"client": 1, "seq": 1}`:               `either "value"`,
		`{"value": 1, "client": 0, "seq": 1}`:   "at least 1",
		`{"value": 1, "client": 1, "seq": 0}`:   "from 1 to",
		`{"value": 1, "client": -1, "seq": 1}`:  "at least 1",
		`{"value": 1, "client": "1", "seq": 1}`: "an integer is expected at byte 23",
		`{"value": 1, "client": 1, "seq": 18446744073709551615}`: "from 1 to",
		`{"value": 1, "client": 18446744073709551616, "seq": 1}`: "of 64 bits",
	} {
		f.fails("POST", "/v1/list", body, 400, "bad_request", "not_done", message)
	}
	for body, message := range map[string]string{
		``: "a JSON object is expected", `{"nonce": 5}`: "a string is expected at byte 10", `{"nonce": "00"}`: "32 hexadecimal digits",
		`{"nonce": "0000000000000000000000000000000g"}`: "32 hexadecimal digits", `{"x": 1}`: "unknown field",
	} {
		f.fails("POST", "/v1/sessions", body, 400, "bad_request", "not_done", message)
	}
	for body, message := range map[string]string{`{"to": -1}`: "from 0 to", `{"to": "x"}`: "an integer is expected", `{"x": 1}`: "unknown field", ``: "object"} {
		f.fails("POST", "/v1/leader", body, 400, "bad_request", "not_done", message)
	}
	f.equal(f.get("/v1/list/length"), `{"length": 0, "applied": 1}`)
}

func TestValuesHaveALengthLimit(t *testing.T) {
	f := newFront(t, servertest.New(), Options{})
	text, digits := strings.Repeat("x", protocol.MaxPayload-2), strings.Repeat("9", protocol.MaxPayload)
	f.post("/v1/list", `{"values": ["`+text+`", `+digits+`]}`)
	f.equal(f.get("/v1/list/1"), `{"index": 1, "value": `+digits+`}`)
	f.fails("POST", "/v1/list", `{"value": "`+text+`x"}`, 413, "too_large", "not_done", "at most 16384 bytes of JSON long, this one is 16385")
	f.fails("POST", "/v1/list", `{"value": -`+digits+`}`, 413, "too_large", "not_done", "at most 16384")
	f.fails("POST", "/proposer/client-request", `{"client_id": 1, "command_id": 1, "payload": 1`+digits+`}`, 413, "too_large", "not_done", "at most 16384 digits")
}

// Whatever parseAppend takes is a JSON object that encoding/json reads in the
// same way, and whatever it refuses it refuses with a failure.
func FuzzAppendBody(f *testing.F) {
	for _, body := range []string{`{"value":1}`, `{"values":["a",-0]}`, `{"client":1,"seq":2,"value":"\u0061"}`, `{"value":1}x`, `{"value":1,"value":2}`, `[`, ``, `{"value":1.5}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		x := &exchange{body: bytes.Clone(body)}
		req, err := x.parseAppend()
		if err != nil {
			var bad *failure
			if !errors.As(err, &bad) || bad.Outcome != notDone {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		var want struct {
			Value  json.RawMessage
			Values []json.RawMessage
			Client uint64
			Seq    uint64
		}
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%q was taken: %v", body, err)
		}
		if want.Value != nil {
			want.Values = append(want.Values, want.Value)
		}
		if len(want.Values) != len(x.payloads) || want.Client != uint64(req.session) || want.Seq != uint64(req.first) {
			t.Fatalf("%q: %d values, %+v; want %+v", body, len(x.payloads), req, want)
		}
		for i, p := range x.payloads {
			if !json.Valid(p) || len(p) > protocol.MaxPayload {
				t.Fatalf("%q: payload %q", body, p)
			}
			if a, b := meaning(p), meaning(want.Values[i]); a != b && b != "-0" {
				t.Fatalf("%q: %s instead of %s", body, a, b)
			}
		}
	})
}

// meaning is what encoding/json takes a text for.
func meaning(text []byte) string {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err.Error()
	}
	return fmt.Sprint(v)
}

// No body of any other request brings the server down, or is taken though it is
// no JSON object.
func FuzzOtherBodies(f *testing.F) {
	for _, body := range []string{`{"nonce":"000102030405060708090a0b0c0d0e0f"}`, `{"to":1}`, `{"add":"h:1","replace":2}`, `{"client_id":1,"command_id":1,"payload":-5}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		x := &exchange{body: bytes.Clone(body)}
		_, nonce := x.parseNonce()
		_, change := x.parseChange()
		old := x.parseClientRequest()
		for _, err := range []error{nonce, change, old} {
			var bad *failure
			if err == nil && !json.Valid(body) {
				t.Fatalf("%q was taken", body)
			}
			if err != nil && !errors.As(err, &bad) {
				t.Fatalf("%q: %v", body, err)
			}
		}
	})
}
