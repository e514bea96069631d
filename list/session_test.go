package list

import (
	"slices"
	"testing"

	"paxos/protocol"
)

func TestTheSameNonceOpensTheSameSession(t *testing.T) {
	s := New(Options{})
	e := apply(s, nonceOf(1), nonceOf(2), nonceOf(1))
	want := []protocol.Opened{{Nonce: nonceOf(1), Session: 1}, {Nonce: nonceOf(2), Session: 2}, {Nonce: nonceOf(1), Session: 1}}
	if !slices.Equal(e.Opened, want) || s.Sessions() != 2 {
		t.Errorf("opened %v, %d sessions; want %v and 2", e.Opened, s.Sessions(), want)
	}
}

func TestTheSessionUnusedForLongestIsEvicted(t *testing.T) {
	s := New(Options{})
	for n := 1; n <= protocol.MaxSessions; n++ {
		apply(s, nonceOf(n))
	}
	apply(s, runOf(1, 1, 1)) // an applied run is a use
	apply(s, nonceOf(2))     // so is an Open that comes again
	apply(s, runOf(3, 2, 1)) // a skipped run is none
	apply(s, nonceOf(5000))
	for id, want := range map[protocol.SessionID]bool{1: true, 2: true, 3: false, 4: true, protocol.MaxSessions + 1: true} {
		if _, ok := s.Session(id); ok != want {
			t.Errorf("session %d known: %v, want %v", id, ok, want)
		}
	}
	if s.Sessions() != protocol.MaxSessions {
		t.Errorf("%d sessions, want %d", s.Sessions(), protocol.MaxSessions)
	}
}

func TestSessionIDsAreNeverUsedAgain(t *testing.T) {
	s := newState(Options{}, 2)
	seen := make(map[protocol.SessionID]bool)
	for n := range 10 {
		// Each nonce comes back after it was evicted.
		id := apply(s, nonceOf(n%4)).Opened[0].Session
		if seen[id] {
			t.Fatalf("open %d got the id %d again", n, id)
		}
		seen[id] = true
	}
	if e := apply(s, runOf(1, 1, 1)); !slices.Equal(e.Expired, []protocol.SessionID{1}) {
		t.Errorf("run of an evicted session: %+v, want it expired", e)
	}
}
