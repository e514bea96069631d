package listclient

import (
	"encoding/json"
	"fmt"
	"testing"
)

// answer reads what an append is answered with.
func answer(text string) (indexes []uint64, instance uint64, err error) {
	s := scanner{rest: []byte(text)}
	s.object(func(name []byte) {
		switch string(name) {
		case "indexes":
			s.array(func() { indexes = append(indexes, s.uint()) })
		case "instance":
			instance = s.uint()
		default:
			s.skip()
		}
	})
	return indexes, instance, s.err()
}

func TestTheScannerReadsWhatJSONAllows(t *testing.T) {
	for _, text := range []string{
		`{"indexes":[1,2,3],"instance":9}`,
		" {\n\t\"instance\" : 9 , \"indexes\" : [ 1 , 2 , 3 ] }\r\n",
		`{"new": {"a": [1, "]}", {"b": null}], "c": "\\\""}, "indexes": [1,2,3], "more": [[], {}, -1.5e3, true], "instance": 9}`,
	} {
		indexes, instance, err := answer(text)
		if fmt.Sprint(indexes) != "[1 2 3]" || instance != 9 || err != nil {
			t.Errorf("%s: %v %d %v", text, indexes, instance, err)
		}
	}
	if indexes, _, err := answer(`{"indexes":[18446744073709551615]}`); err != nil || indexes[0] != 1<<64-1 {
		t.Errorf("%v %v", indexes, err)
	}
}

func TestTheScannerRefusesWhatIsNoAnswer(t *testing.T) {
	for _, text := range []string{
		"", "{", "[]", "<html>", `{"indexes"`, `{"indexes":`, `{"indexes":[`, `{"indexes":[1`, `{"indexes":[1,`, `{"indexes":[1,]}`,
		`{"indexes":[1 2]}`, `{"indexes":[-1]}`, `{"indexes":[1.5]}`, `{"indexes":["1"]}`, `{"indexes":[18446744073709551616]}`,
		`{"indexes":[99999999999999999999]}`, `{indexes:[1]}`, `{"a" "b"}`, `{"a": ,}`, `{"a": ]}`, `{"a": "`, `{"a": "\`, `{"a": [`,
		`{"instance": }`, `{"a": {"b": 1}`, `{"a": 1,}`,
	} {
		if _, _, err := answer(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"indexes":[1,2,3],"instance":9,"x":{"y":["\\",null]}}`))
	f.Add([]byte(`{"indexes":[],"a":[[[[]]]]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		indexes, instance, err := answer(string(text))
		var want struct {
			Indexes  []uint64 `json:"indexes"`
			Instance uint64   `json:"instance"`
		}
		if json.Unmarshal(text, &want) != nil || err != nil {
			return // it must not panic or hang; it may take more than JSON
		}
		var exact map[string]json.RawMessage
		json.Unmarshal(text, &exact)
		if exact["indexes"] != nil && fmt.Sprint(indexes) != fmt.Sprint(want.Indexes) && len(exact) == 1 {
			t.Errorf("%s: %v instead of %v", text, indexes, want.Indexes)
		}
		if exact["instance"] != nil && instance != want.Instance && len(exact) == 1 {
			t.Errorf("%s: %d instead of %d", text, instance, want.Instance)
		}
	})
}
