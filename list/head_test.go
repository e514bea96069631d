package list

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"paxos/protocol"
)

// sample is a State with three sessions, several result spans and a tail.
func sample(o Options) *State {
	o.Members = FirstMembers(membersOf(1, 2, 3))
	s := New(o)
	apply(s, nonceOf(1), nonceOf(2), nonceOf(3))
	apply(s, runOf(1, 1, border), runOf(2, 1, 3), runOf(1, border+1, 2), runOf(2, 4, 2),
		&protocol.Change{Voters: membersOf(1, 2, 5), Learners: membersOf(3, 4), Next: 6})
	return s
}

// sealed puts the right checksum on a changed head or chunk.
func sealed(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, checksum(b))
}

func TestHeadSaysWhatItIsOf(t *testing.T) {
	head := sample(Options{}).AppendHead([]byte("before"))[len("before"):]
	applied, length, err := PeekHead(head)
	if err != nil || applied != 2 || length != border+7 {
		t.Errorf("instance %d, length %d (%v); want 2 and %d", applied, length, err, border+7)
	}
}

func TestRestoredStateGoesOn(t *testing.T) {
	s := sample(Options{})
	older := shelf{}
	older.checkpoint(s)
	r, err := RestoreState(s.AppendHead(nil), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []*State{s, r} {
		apply(x, runOf(3, 1, 2*border), nonceOf(9))
		older.checkpoint(x)
	}
	if !bytes.Equal(s.AppendHead(nil), r.AppendHead(nil)) {
		t.Error("the restored state went another way")
	}
	if got, err := contents(r, 0, older); err != nil || uint64(len(got)) != s.Length() {
		t.Errorf("%d entries (%v), want %d", len(got), err, s.Length())
	}
}

func TestRestoreKeepsNothingOfTheHead(t *testing.T) {
	head := sample(Options{}).AppendHead(nil)
	r, err := RestoreState(bytes.Clone(head), Options{})
	if err != nil {
		t.Fatal(err)
	}
	mine := bytes.Clone(head)
	other, _ := RestoreState(mine, Options{})
	clear(mine)
	if !bytes.Equal(r.AppendHead(nil), other.AppendHead(nil)) {
		t.Error("the state changed with the bytes of its head")
	}
}

func TestAHeadWithoutEntriesCannotMakeAFullList(t *testing.T) {
	head := sample(Options{SessionsOnly: true}).AppendHead(nil)
	if _, err := RestoreState(head, Options{}); !errors.Is(err, ErrSessionsOnly) {
		t.Errorf("error %v, want %v", err, ErrSessionsOnly)
	}
	r, err := RestoreState(head, Options{SessionsOnly: true})
	if err != nil || !bytes.Equal(r.AppendHead(nil), head) {
		t.Errorf("sessions only from sessions only: %v", err)
	}
}

func TestRestoreNeverGoesBack(t *testing.T) {
	s := sample(Options{})
	head := s.AppendHead(nil)
	apply(s, runOf(3, 1, 1))
	before := s.AppendHead(nil)
	if err := s.Restore(head); !errors.Is(err, ErrOlder) {
		t.Errorf("error %v, want %v", err, ErrOlder)
	}
	if !bytes.Equal(s.AppendHead(nil), before) {
		t.Error("the refused head changed the state")
	}
}

func TestAHeadOfAnotherVersionIsSaidToBe(t *testing.T) {
	head := sample(Options{}).AppendHead(nil)
	head[4]++
	if _, err := RestoreState(sealed(head[:len(head)-sumSize]), Options{}); !errors.Is(err, ErrVersion) {
		t.Errorf("error %v, want %v", err, ErrVersion)
	}
}

func TestEveryFlippedBitOfAHeadIsFound(t *testing.T) {
	s := sample(Options{})
	head := s.AppendHead(nil)
	for i := range len(head) * 8 {
		head[i/8] ^= 1 << (i % 8)
		if err := s.Restore(head); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("bit %d flipped: error %v, want %v", i, err, ErrCorrupt)
		}
		head[i/8] ^= 1 << (i % 8)
	}
}

func TestATruncatedHeadIsFound(t *testing.T) {
	head := sample(Options{}).AppendHead(nil)
	for n := range head {
		if _, err := RestoreState(head[:n], Options{}); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d of %d bytes: error %v, want %v", n, len(head), err, ErrCorrupt)
		}
		if n == len(head)-sumSize {
			continue // the checksum would be put back
		}
		if _, err := RestoreState(sealed(bytes.Clone(head[:n])), Options{}); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d of %d bytes, checksum made right: error %v, want %v", n, len(head), err, ErrCorrupt)
		}
	}
}

// Even with a right checksum, a flipped bit is either found, or makes another
// head that is well-formed: its state gives the very same bytes.
func TestThereIsOneHeadForEachState(t *testing.T) {
	head := sample(Options{}).AppendHead(nil)
	body := head[:len(head)-sumSize]
	taken := 0
	for i := range len(body) * 8 {
		changed := bytes.Clone(body)
		changed[i/8] ^= 1 << (i % 8)
		changed = sealed(changed)
		s, err := RestoreState(changed, Options{})
		if err != nil {
			continue
		}
		taken++
		if !bytes.Equal(s.AppendHead(nil), changed) {
			t.Fatalf("bit %d flipped: taken, but given back otherwise", i)
		}
	}
	if taken == 0 {
		t.Error("no change was taken: the test shows nothing")
	}
}

// What a hostile or broken peer could say of the sessions, each with a right checksum.
func TestImpossibleSessionsAreFound(t *testing.T) {
	for name, change := range map[string]func(s *State){
		"an id that is yet to come":        func(s *State) { s.sessions.nextID = 3 },
		"a use that is yet to come":        func(s *State) { s.sessions.uses = 2 },
		"two uses at once":                 func(s *State) { s.sessions.byID[1].used = s.sessions.byID[2].used },
		"a session that was never used":    func(s *State) { s.sessions.byID[3].used = 0 },
		"the same nonce twice":             func(s *State) { s.sessions.byID[1].nonce = nonceOf(2) },
		"more results than seqs":           func(s *State) { s.sessions.byID[2].last = 2 },
		"fewer results than the window":    func(s *State) { s.sessions.byID[2].last = 900 },
		"a result past the end":            func(s *State) { *s.sessions.byID[1].results.at(1) = makeSpan(border+8, 2) },
		"results that overlap":             func(s *State) { *s.sessions.byID[1].results.at(1) = makeSpan(border+1, 2) },
		"results that touch":               func(s *State) { *s.sessions.byID[1].results.at(1) = makeSpan(border+2, 2) },
		"a span of nothing":                func(s *State) { r := &s.sessions.byID[1].results; r.n++; *r.at(2) = makeSpan(border+7, 0) },
		"a span before the list's start":   func(s *State) { *s.sessions.byID[2].results.at(0) = makeSpan(2, 3) },
		"a tail with another entry count":  func(s *State) { s.length++ },
		"a tail that is cut":               func(s *State) { s.entries.tail = s.entries.tail[:len(s.entries.tail)-1] },
		"a list longer than there can be":  func(s *State) { s.length = maxLength + 1 },
		"the session id 0":                 func(s *State) { s.sessions.byID[1].id = 0 },
		"a session id that is there twice": func(s *State) { s.sessions.byID[1].id = 2 },
	} {
		s := sample(Options{})
		change(s)
		if _, err := RestoreState(s.AppendHead(nil), Options{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v, want %v", name, err, ErrCorrupt)
		}
	}
}

func TestAHeadHoldsNoMoreSessionsThanTheLimit(t *testing.T) {
	s := newState(Options{}, protocol.MaxSessions+1)
	for n := range protocol.MaxSessions + 1 {
		apply(s, nonceOf(n))
	}
	if _, err := RestoreState(s.AppendHead(nil), Options{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v, want %v", err, ErrCorrupt)
	}
}

func TestCountsDoNotAllocate(t *testing.T) {
	head := New(Options{}).AppendHead(nil)
	body := head[:headSize]
	binary.LittleEndian.PutUint32(body[40:], protocol.MaxSessions) // sessions that are not there
	lie := sealed(bytes.Clone(body))
	if got := bytesAllocated(func() { _, _ = RestoreState(lie, Options{}) }); got > 8<<10 {
		t.Errorf("%d bytes allocated for a count without content", got)
	}
}

// bytesAllocated is what one call of f allocates, about.
func bytesAllocated(f func()) uint64 {
	const calls = 10
	f() // what is made once
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / calls
}
