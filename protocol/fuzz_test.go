package protocol

import (
	"bytes"
	"reflect"
	"testing"
)

// The fuzzer of datagrams puts the right checksum on what it tries, to get past it.
func FuzzDecodeMessage(f *testing.F) {
	for _, m := range examples() {
		f.Add(unsealed(m))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, _ = DecodeMessage(testCluster, data)
		b := sealed(bytes.Clone(data))
		checkOneEncoding(t, b)
		from, m, err := DecodeMessage(testCluster, b)
		if err != nil {
			return
		}
		_, again, err := DecodeMessage(testCluster, AppendMessage(nil, testCluster, from, m))
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Fatalf("%+v came back as %+v: %v", m, again, err)
		}
	})
}

func FuzzDecodeRecord(f *testing.F) {
	for _, rec := range exampleRecords() {
		f.Add(byte(rec.Type()), rec.AppendTo(nil))
	}
	f.Fuzz(func(t *testing.T, typ byte, body []byte) {
		rec, err := DecodeRecord(RecordType(typ), body)
		if err != nil {
			return
		}
		if again := rec.AppendTo(nil); !bytes.Equal(again, body) || rec.Type() != RecordType(typ) {
			t.Fatalf("%+v was decoded from %x, and encodes to %x", rec, body, again)
		}
	})
}

func FuzzValue(f *testing.F) {
	for _, m := range examples() {
		if accept, ok := m.(*Accept); ok {
			f.Add([]byte(accept.Value))
		}
	}
	f.Add([]byte(Value{}.AppendOpen(Nonce{1}).AppendRun(Run{1, 1, 2, []byte{1, 'x', 0}})))
	f.Add([]byte(Value{}.AppendChange(&Change{Epoch: 1, Settle: true}).AppendChange(&Change{
		Voters: []Member{{1, "one"}, {3, ""}}, Learners: []Member{{4, "four"}}, Next: 5})))
	f.Fuzz(func(t *testing.T, data []byte) {
		items, err := itemsOf(data)
		if checked := Value(data).Check(); (checked == nil) != (err == nil && len(data) <= MaxValue) {
			t.Fatalf("check says %v, walk says %v", checked, err)
		}
		var again Value
		for _, item := range items {
			again = appendItem(again, item)
		}
		if !bytes.HasPrefix(data, again) || err == nil && len(again) != len(data) {
			t.Fatalf("%x has items that encode to %x", data, again)
		}
	})
}
