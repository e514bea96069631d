package protocol

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

var genRecord = rapid.Custom(func(t *rapid.T) Record {
	typ := RecordType(rapid.IntRange(1, len(records)).Draw(t, "type"))
	return records[typ](t)
})

func exampleRecords() (all []Record) {
	for seed := range 30 {
		all = append(all, genRecord.Example(seed))
	}
	return all
}

func TestRandomRecordsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rec := genRecord.Draw(t, "record")
		body := rec.AppendTo([]byte("before"))[len("before"):]
		if got, err := DecodeRecord(rec.Type(), body); err != nil || !reflect.DeepEqual(got, rec) {
			t.Fatalf("got %+v (%v), want %+v", got, err, rec)
		}
	})
}

func TestEveryTruncationOfARecordIsFound(t *testing.T) {
	for _, rec := range exampleRecords() {
		body := rec.AppendTo(nil)
		for n := range body {
			if _, err := DecodeRecord(rec.Type(), body[:n]); err == nil {
				t.Fatalf("%T: %d of %d bytes were taken", rec, n, len(body))
			}
		}
		if _, err := DecodeRecord(rec.Type(), append(body, 0)); err == nil {
			t.Fatalf("%T with a byte behind it was taken", rec)
		}
	}
}

func TestThereIsOneEncodingForEachRecord(t *testing.T) {
	for _, rec := range exampleRecords() {
		body := rec.AppendTo(nil)
		for i := range len(body) * 8 {
			changed := bytes.Clone(body)
			changed[i/8] ^= 1 << (i % 8)
			if got, err := DecodeRecord(rec.Type(), changed); err == nil && !bytes.Equal(got.AppendTo(nil), changed) {
				t.Fatalf("%T: bit %d flipped: taken, but encoded otherwise", rec, i)
			}
		}
	}
}

func TestImpossibleRecordsAreFound(t *testing.T) {
	b := Ballot{1, 1, 1}
	for name, rec := range map[string]Record{
		"promise of no ballot":    &Promised{},
		"promise to nobody":       &Promised{Ballot{1, 0, 1}},
		"vote in no ballot":       &Voted{Vote{Ballot{}, 1, nil}},
		"vote for instance 0":     &Voted{Vote{b, 0, nil}},
		"vote for too long value": &Voted{Vote{b, 1, make(Value, MaxValue+1)}},
		"round 0":                 &Round{},
		"pin of nobody":           &Pinned{Pin{0, 1}},
		"pin to no store":         &Pinned{Pin{1, 0}},
	} {
		if _, err := DecodeRecord(rec.Type(), rec.AppendTo(nil)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	for typ := range RecordType(255) {
		if _, err := DecodeRecord(typ, appendU64(nil, 1)); (err == nil) != (typ == RecordRound) {
			t.Errorf("8 bytes as a record of type %d: %v", typ, err)
		}
	}
}

func TestAVoteIsNotMadeToAllocate(t *testing.T) {
	body := appendUv(appendU64(appendBallot(nil, Ballot{1, 1, 1}), 1), 1<<40)
	if got := bytesAllocated(func() { _, _ = DecodeRecord(RecordVoted, body) }); got > 1<<10 {
		t.Errorf("%d bytes allocated for a length without bytes", got)
	}
}
