package list

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"paxos/protocol"
)

func TestOnlyTheNextSeqIsApplied(t *testing.T) {
	const most = 5
	for last := range protocol.Seq(most) {
		for first := protocol.Seq(1); first <= most+1; first++ {
			for count := 1; count <= most; count++ {
				t.Run(fmt.Sprintf("last %d, run %d-%d", last, first, first+protocol.Seq(count)-1), func(t *testing.T) {
					checkApplyRule(t, last, first, count)
				})
			}
		}
	}
}

func checkApplyRule(t *testing.T, last, first protocol.Seq, count int) {
	s := New(Options{})
	apply(s, nonceOf(1))
	if last > 0 {
		apply(s, runOf(1, 1, int(last)))
	}
	e := apply(s, runOf(1, first, count))

	want := last
	for seq := first; seq < first+protocol.Seq(count); seq++ {
		if seq == want+1 {
			want = seq
		}
	}
	effects := protocol.Effects{Advanced: []protocol.Ack{{Session: 1, Through: want}}}
	if want == last {
		effects = protocol.Effects{Skipped: []protocol.Ack{{Session: 1, Through: want}}}
	}
	if !reflect.DeepEqual(e, effects) {
		t.Errorf("effects %+v, want %+v", e, effects)
	}
	var list []string
	for seq := protocol.Seq(1); seq <= want; seq++ {
		list = append(list, fmt.Sprintf("1/%d", seq))
	}
	if got, err := contents(s, 0, nil); err != nil || !slices.Equal(got, list) {
		t.Errorf("list %v (%v), want %v", got, err, list)
	}
}

func TestSeqsDoNotWrap(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1))
	s.sessions.byID[1].last = 1<<64 - 1
	s.sessions.byID[1].results = results{}
	e := apply(s, runOf(1, 1, 2))
	if want := []protocol.Ack{{Session: 1, Through: 1<<64 - 1}}; !slices.Equal(e.Skipped, want) || s.Length() != 0 {
		t.Errorf("%+v, %d entries; want seq 1 after the last seq of all to be skipped", e, s.Length())
	}
}

func TestUnknownSessionsExpire(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1))
	e := apply(s, runOf(7, 1, 2), runOf(7, 3, 1), runOf(1, 1, 1), runOf(8, 1, 1))
	want := protocol.Effects{
		Advanced: []protocol.Ack{{Session: 1, Through: 1}},
		Expired:  []protocol.SessionID{7, 8},
	}
	if !reflect.DeepEqual(e, want) || s.Length() != 1 {
		t.Errorf("%+v, %d entries; want %+v and 1", e, s.Length(), want)
	}
}

func TestRunsOfOneSessionSideBySideAreOneEffect(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1))
	e := apply(s, runOf(1, 1, 2), runOf(1, 3, 2), runOf(1, 9, 1), runOf(1, 9, 2))
	want := protocol.Effects{
		Advanced: []protocol.Ack{{Session: 1, Through: 4}},
		Skipped:  []protocol.Ack{{Session: 1, Through: 4}},
	}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("%+v, want %+v", e, want)
	}
}

func TestWhatStandsBeforeAMalformedItemIsApplied(t *testing.T) {
	short := runOf(1, 3, 2)
	short.Count = 3 // one payload more than the block has
	for name, bad := range map[string][]any{
		"unknown kind":   {"\x09", runOf(1, 3, 1), nonceOf(2)},
		"miscounted run": {short, runOf(1, 3, 1), nonceOf(2)},
		"cut open":       {"\x02abc"},
		"cut run":        {"\x01\x01"},
	} {
		s := New(Options{})
		apply(s, nonceOf(1))
		e := apply(s, append([]any{runOf(1, 1, 2)}, bad...)...)
		if want := (protocol.Effects{Advanced: []protocol.Ack{{Session: 1, Through: 2}}}); !reflect.DeepEqual(e, want) {
			t.Errorf("%s: %+v, want %+v", name, e, want)
		}
		if s.Length() != 2 || s.Sessions() != 1 || s.Applied() != 2 {
			t.Errorf("%s: %d entries, %d sessions, instance %d; want 2, 1, 2", name, s.Length(), s.Sessions(), s.Applied())
		}
	}
}

func TestInstancesAreAppliedInOrder(t *testing.T) {
	for _, i := range []protocol.Instance{0, 2, 4, 1 << 63} {
		s := New(Options{})
		apply(s)
		apply(s)
		mustPanic(t, "in order, without gaps", func() { s.Apply(i, nil, new(protocol.Effects)) })
	}
}

func TestEntriesAreToldAsTheyAreAppended(t *testing.T) {
	for _, sessionsOnly := range []bool{false, true} {
		var told []string
		s := New(Options{SessionsOnly: sessionsOnly, OnAppend: func(first uint64, count int, block []byte) {
			told = append(told, fmt.Sprintf("%d+%d %v", first, count, unpack(block)))
		}})
		apply(s, nonceOf(1), runOf(1, 1, 2), runOf(1, 2, 2), runOf(1, 9, 1))
		if want := []string{"0+2 [1/1 1/2]", "2+1 [1/3]"}; !slices.Equal(told, want) {
			t.Errorf("sessions only %v: told %q, want %q", sessionsOnly, told, want)
		}
	}
}

// mustPanic checks that f panics with a message that names the invariant.
func mustPanic(t *testing.T, about string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); !strings.Contains(got, about) {
			t.Errorf("panic %q, want one about %q", got, about)
		}
	}()
	f()
}
