package protocol

import (
	"errors"
	"slices"
	"testing"
)

// Rule 1: what is held leaves by Release alone, in its order, once.
func TestHeldMessagesLeaveByReleaseOnly(t *testing.T) {
	var o Output
	first, second, third := &Canvass{1}, &Canvass{2}, &Canvass{3}
	o.Persist([]Record{&Round{1}}, Send{To: GroupAcceptors, Msg: first})
	o.PersistOne(&Round{2}, GroupAcceptors, second)
	o.PersistOne(nil, GroupLearners, third)
	if len(o.Now) != 0 || o.LastHeld() != Message(third) {
		t.Fatalf("%d messages leave at once, last held %v", len(o.Now), o.LastHeld())
	}
	want := []Record{&Round{1}, &Round{2}}
	if !slices.EqualFunc(o.Records, want, func(a, b Record) bool { return *a.(*Round) == *b.(*Round) }) {
		t.Errorf("records %v, want %v", o.Records, want)
	}
	h := o.TakeHeld()
	if again := o.TakeHeld(); !again.Empty() || o.LastHeld() != nil {
		t.Error("what was taken is still there")
	}
	checkReleased(t, h, first, second, third)
}

func checkReleased(t *testing.T, h Held, want ...Message) {
	t.Helper()
	var got []Message
	for _, s := range h.Release() {
		got = append(got, s.Msg)
	}
	if !slices.Equal(got, want) {
		t.Errorf("released %v, want %v", got, want)
	}
	if !h.Empty() || h.Release() != nil {
		t.Error("released messages can be released again")
	}
}

func TestHeldMessagesOfTwoStepsJoinInOrder(t *testing.T) {
	var a, b Output
	first, second := &Canvass{1}, &Canvass{2}
	a.PersistOne(nil, GroupAcceptors, first)
	b.PersistOne(nil, GroupAcceptors, second)
	h := a.TakeHeld()
	h.Join(b.TakeHeld())
	if h.Empty() {
		t.Fatal("nothing is held")
	}
	checkReleased(t, h, first, second)
}

func TestTheFirstFailureIsKept(t *testing.T) {
	var o Output
	first := errors.New("first")
	o.Fail(first)
	o.Fail(errors.New("second"))
	if o.Fatal != first {
		t.Errorf("%v, want %v", o.Fatal, first)
	}
}

func TestWhatNeedNotWaitIsNotHeld(t *testing.T) {
	var o Output
	o.Send(GroupClients, &Canvass{1})
	if h := o.TakeHeld(); !h.Empty() || len(o.Now) != 1 || o.Now[0].To != GroupClients {
		t.Errorf("%d messages leave at once, want 1", len(o.Now))
	}
}

func TestResetEffectsAreEmpty(t *testing.T) {
	e := Effects{Opened: make([]Opened, 1), Advanced: make([]Ack, 2), Skipped: make([]Ack, 3), Expired: make([]SessionID, 4)}
	if e.Reset(); len(e.Opened)+len(e.Advanced)+len(e.Skipped)+len(e.Expired) != 0 {
		t.Errorf("%+v", e)
	}
}
