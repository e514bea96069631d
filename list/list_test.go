package list

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"paxos/protocol"
)

// A few sessions and nonces more than there is room for, so that evictions,
// returns and strangers are common.
const (
	twinSessions = 4
	twinNonces   = 6
)

// drawItem draws an Open, a run that is more or less in turn, or garbage.
func drawItem(t *rapid.T, w *twin) any {
	switch rapid.IntRange(0, 20).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"\x07", "\x01", "\x02cut", "\x01\x01\x01\x02\x01\x00"}).Draw(t, "garbage")
	case 1, 2, 3:
		return nonceOf(rapid.IntRange(1, twinNonces).Draw(t, "nonce"))
	}
	id := protocol.SessionID(rapid.Uint64Range(1, w.opened+1).Draw(t, "session"))
	if len(w.sessions) > 0 && rapid.IntRange(0, 9).Draw(t, "open") > 0 {
		id = rapid.SampledFrom(w.sessions).Draw(t, "session").id
	}
	first := 1
	if s := w.byID(id); s != nil {
		first = max(1, len(s.where)+1+rapid.SampledFrom([]int{0, 0, 0, 0, 1, 5, -1, -5, -500}).Draw(t, "shift"))
	}
	count := rapid.OneOf(rapid.IntRange(1, 5), rapid.IntRange(100, 900)).Draw(t, "count")
	return runOf(id, protocol.Seq(first), count)
}

func drawValue(t *rapid.T, w *twin) (v protocol.Value) {
	for range rapid.IntRange(0, 4).Draw(t, "items") {
		v = append(v, value(drawItem(t, w))...)
	}
	return v
}

// Everything that can be asked of a State, against the twin, under random
// repeats, gaps, overlaps, evictions, garbage and checkpoints.
func TestStateTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, older := &twin{limit: twinSessions}, shelf{}
		full, only := newState(Options{}, twinSessions), newState(Options{SessionsOnly: true}, twinSessions)
		for i := range rapid.IntRange(1, 40).Draw(t, "values") {
			v := drawValue(t, w)
			var want, got, gotOnly protocol.Effects
			w.apply(v, &want)
			full.Apply(protocol.Instance(i+1), v, &got)
			only.Apply(protocol.Instance(i+1), v, &gotOnly)
			if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(gotOnly, want) {
				t.Fatalf("effects %+v, of sessions only %+v, want %+v", got, gotOnly, want)
			}
			checkSessions(t, full, w)
			checkSessions(t, only, w)
			if rapid.IntRange(0, 9).Draw(t, "checkpoint") == 0 {
				older.checkpoint(full)
			}
		}
		from := rapid.IntRange(0, len(w.list)).Draw(t, "from")
		if got, err := contents(full, uint64(from), older); err != nil || !slices.Equal(got, w.list[from:]) {
			t.Fatalf("list from %d: %d entries (%v), want %d", from, len(got), err, len(w.list)-from)
		}
	})
}

func checkSessions(t rapid.TB, s *State, w *twin) {
	if s.Length() != uint64(len(w.list)) || s.Sessions() != len(w.sessions) {
		t.Fatalf("%d entries and %d sessions, want %d and %d", s.Length(), s.Sessions(), len(w.list), len(w.sessions))
	}
	for id := range protocol.SessionID(w.opened + 2) {
		last, ok := s.Session(id)
		ws := w.byID(id)
		if ok != (ws != nil) {
			t.Fatalf("session %d known: %v, want %v", id, ok, ws != nil)
		}
		if ws == nil {
			continue
		}
		if last != protocol.Seq(len(ws.where)) {
			t.Fatalf("session %d: last seq %d, want %d", id, last, len(ws.where))
		}
		for _, back := range []int{0, 1, 7, protocol.SessionWindow - 1, protocol.SessionWindow} {
			checkResult(t, s, ws, len(ws.where)-back)
		}
	}
}

func checkResult(t rapid.TB, s *State, ws *twinSession, seq int) {
	if seq < 1 {
		return
	}
	at, ok := s.Result(ws.id, protocol.Seq(seq))
	inWindow := len(ws.where)-seq < protocol.SessionWindow
	if ok != inWindow || ok && at != ws.where[seq-1] {
		t.Fatalf("session %d, seq %d of %d: %d (%v), want %d", ws.id, seq, len(ws.where), at, ok, ws.where[seq-1])
	}
}

// Replicas that were fed the same values are the same bytes, one that was
// restored on the way too.
func TestReplicasAreEqualByteForByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &twin{limit: twinSessions}
		a, b := newState(Options{}, twinSessions), newState(Options{}, twinSessions)
		only := newState(Options{SessionsOnly: true}, twinSessions)
		chunksA, chunksB := shelf{}, shelf{}
		values := rapid.IntRange(1, 30).Draw(t, "values")
		restoreAt := rapid.IntRange(0, values).Draw(t, "restore at")
		for i := range values {
			v := drawValue(t, w)
			w.apply(v, new(protocol.Effects))
			for _, s := range []*State{a, b, only} {
				s.Apply(protocol.Instance(i+1), v, new(protocol.Effects))
			}
			if i == restoreAt {
				chunksB.checkpoint(b)
				b = restored(t, b.AppendHead(nil), Options{})
				only = restored(t, a.AppendHead(nil), Options{SessionsOnly: true})
			}
		}
		chunksA.checkpoint(a)
		chunksB.checkpoint(b)
		if !bytes.Equal(a.AppendHead(nil), b.AppendHead(nil)) || !reflect.DeepEqual(chunksA, chunksB) {
			t.Fatal("heads or chunks differ after the same values")
		}
		checkSessions(t, only, w)
		if direct := restored(t, a.AppendHead(nil), Options{SessionsOnly: true}); !bytes.Equal(direct.AppendHead(nil), only.AppendHead(nil)) {
			t.Fatal("a full head loses more than its entries in a list of sessions only")
		}
	})
}

func restored(t rapid.TB, head []byte, o Options) *State {
	s := newState(o, twinSessions)
	if err := s.Restore(head); err != nil {
		t.Fatal(err)
	}
	return s
}
