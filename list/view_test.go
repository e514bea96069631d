package list

import (
	"errors"
	"slices"
	"testing"

	"paxos/protocol"
)

func TestTheListCanBeReadFromAnyIndex(t *testing.T) {
	s, older := New(Options{}), shelf{}
	apply(s, nonceOf(1), runOf(1, 1, 2*border+10))
	older.checkpoint(s)
	apply(s, runOf(1, 2*border+11, 2*border)) // two closed in memory, then a tail of 10
	all, err := contents(s, 0, older)
	if err != nil || len(all) != 4*border+10 || all[0] != "1/1" || all[len(all)-1] != "1/4106" {
		t.Fatalf("%d entries (%v), want all 4106", len(all), err)
	}
	for _, at := range []int{0, 1, border} {
		for _, delta := range []int{-1, 0, 1, border, 2 * border, 3 * border, 3*border + 10} {
			from := at + delta
			if from < 0 {
				continue
			}
			got, err := contents(s, uint64(from), older)
			if want := all[min(from, len(all)):]; err != nil || !slices.Equal(got, want) {
				t.Errorf("from %d: %d entries (%v), want %d", from, len(got), err, len(want))
			}
		}
	}
}

func TestAViewStaysAsItWas(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1), runOf(1, 1, border+3))
	v := s.View()
	read := func() (list []string) {
		if err := v.Read(0, nil, func(_ uint64, _ int, block []byte) error {
			list = append(list, unpack(block)...)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return list
	}
	before := read()
	done := make(chan []string)
	go func() { done <- read() }() // the race detector watches
	for n := range 40 {
		apply(s, runOf(1, protocol.Seq(border+4+n*100), 100))
		s.TakeClosed()
		s.Checkpointed(s.Length() / border)
	}
	if during, after := <-done, read(); !slices.Equal(before, during) || !slices.Equal(before, after) || len(before) != border+3 {
		t.Errorf("the view changed from %d entries to %d, then %d", len(before), len(during), len(after))
	}
}

func TestReadingEndsAtTheFirstError(t *testing.T) {
	s, older := New(Options{}), shelf{}
	apply(s, nonceOf(1), runOf(1, 1, 3*border))
	older.checkpoint(s)
	enough := errors.New("enough")
	calls := 0
	err := s.View().Read(0, older, func(uint64, int, []byte) error { calls++; return enough })
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("%d calls, error %v; want 1 and %v", calls, err, enough)
	}
	older[1][20] ^= 1
	got, err := contents(s, 0, older)
	if !errors.Is(err, ErrCorrupt) || len(got) != border {
		t.Errorf("read %d entries, then %v; want %d, then corruption", len(got), err, border)
	}
}

func TestEntriesNumbersThePayloads(t *testing.T) {
	var got []string
	for i, p := range Entries(7, runOf(1, 1, 3).Block) {
		if i == 9 {
			break
		}
		got = append(got, string(rune('0'+i))+string(p))
	}
	if want := []string{"71/1", "81/2"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	mustPanic(t, "well-formed", func() {
		for range Entries(0, []byte{5, 1}) {
		}
	})
}
