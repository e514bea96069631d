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

// FuzzDecodeMembers: a list of members is read as what it says, and from nothing else.
func FuzzDecodeMembers(f *testing.F) {
	f.Add([]byte{0})
	f.Add(AppendMembers(nil, []Member{{1, "127.0.0.1:5000"}, {2, ""}, {9, "[::1]:1"}}))
	f.Add(append(AppendMembers(nil, []Member{{1, "one"}}), "what follows"...))
	f.Add([]byte{63})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		list, rest, err := DecodeMembers(data)
		if err != nil {
			return
		}
		if again := append(AppendMembers(nil, list), rest...); len(list) > MaxAcceptors || !bytes.Equal(again, data) {
			t.Fatalf("%x is read as %v and %x, which is written %x", data, list, rest, again)
		}
	})
}

// FuzzRun: a run that is taken has exactly the payloads that it says, and parts of it are runs.
func FuzzRun(f *testing.F) {
	f.Add(uint64(7), uint64(1), 2, []byte{1, 'x', 0})
	f.Add(uint64(7), uint64(1)<<63, 1, AppendPayload(nil, make([]byte, 300)))
	f.Add(uint64(0), uint64(0), 0, []byte{})
	f.Add(uint64(1), ^uint64(0), 3, []byte{0, 0, 0})
	f.Add(uint64(1), uint64(1), 1, []byte{0x80, 0})
	f.Fuzz(func(t *testing.T, session, first uint64, count int, block []byte) {
		r := Run{SessionID(session), Seq(first), count, block}
		if r.Check() != nil {
			return
		}
		seq, rest := r.First, block
		for len(rest) > 0 {
			payload, more, err := NextPayload(rest)
			if err != nil || len(payload) > MaxPayload {
				t.Fatalf("%+v: payload of command %d: %d bytes, %v", r, seq, len(payload), err)
			}
			seq, rest = seq+1, more
		}
		if seq != r.Last()+1 || r.Last() < r.First {
			t.Fatalf("%+v: payloads up to %d, last is %d", r, seq-1, r.Last())
		}
		if err := r.Drop(count - 1).Check(); err != nil {
			t.Fatalf("%+v: its last command: %v", r, err)
		}
	})
}
