package node

import (
	"testing"
	"time"

	"paxos/protocol"
)

// newestHead is a store whose newest head is of a certain instance.
type newestHead protocol.Instance

func (s newestHead) Head() (protocol.Instance, []byte, error) {
	return protocol.Instance(s), []byte{byte(s)}, nil
}

// ask is a request for a head, 0 for the newest, while the store's newest is of
// a certain instance.
func (c *headCache) ask(t *testing.T, ms int, newest newestHead, number uint64) uint64 {
	t.Helper()
	got, data, err := c.get(newest, number, protocol.Time(0).Add(time.Duration(ms)*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	if data != nil && data[0] != byte(got) {
		t.Fatalf("head %d with the bytes of %d", got, data[0])
	}
	if data == nil {
		return 0
	}
	return got
}

func (c *headCache) expect(t *testing.T, ms int, newest newestHead, number, want uint64) {
	t.Helper()
	if got := c.ask(t, ms, newest, number); got != want {
		t.Fatalf("at %d ms asked for %d and got %d, want %d", ms, number, got, want)
	}
}

// The newest head stands in the cache once, whichever slot it is in.
func TestAHeadIsCachedOnce(t *testing.T) {
	var c headCache
	idle := int(headIdle / time.Millisecond)
	c.expect(t, 0, 1, 0, 1)
	c.expect(t, 1, 2, 0, 2)
	c.expect(t, idle, 3, 0, 3)
	c.expect(t, idle, 3, 0, 3)
	c.expect(t, idle, 3, 2, 2) // still there
	c.expect(t, idle, 3, 1, 0)
}

// Three peers fetch while checkpoints go on: each gets to the end of the head
// that it began with, and memory stays bounded.
func TestPeersDoNotTakeEachOthersHeadsAway(t *testing.T) {
	var c headCache
	heads := make([]uint64, 3)
	for ms := range 3000 {
		newest, peer := newestHead(1+ms), ms%3
		if heads[peer] == 0 {
			heads[peer] = c.ask(t, ms, newest, 0)
			continue
		}
		c.expect(t, ms, newest, heads[peer], heads[peer])
	}
}

// Who comes while all heads are in use gets the newest of them.
func TestTheNewestHeadInUseIsShared(t *testing.T) {
	var c headCache
	c.expect(t, 0, 1, 0, 1)
	c.expect(t, 1, 2, 0, 2)
	c.expect(t, 2, 3, 0, 2)
	c.expect(t, 3, 3, 1, 1) // the older one, used last
	c.expect(t, 4, 3, 0, 2)
}

// A head that nobody asks for any more makes room for a newer one.
func TestAnIdleHeadMakesRoom(t *testing.T) {
	var c headCache
	idle := int(headIdle / time.Millisecond)
	c.expect(t, 0, 1, 0, 1)
	c.expect(t, 1, 2, 0, 2)
	c.expect(t, idle, 3, 1, 1)
	c.expect(t, idle, 3, 0, 2)
	c.expect(t, 2*idle-1, 3, 1, 1)
	c.expect(t, 2*idle, 3, 0, 3)
	c.expect(t, 2*idle, 3, 2, 0)
}

// So does one that is asked for for ever: peers may be further on than it, and
// find it of no use again and again.
func TestAHeadDoesNotStayForEver(t *testing.T) {
	var c headCache
	idle, age := int(headIdle/time.Millisecond), int(headAge/time.Millisecond)
	for ms := 0; ms < age; ms += idle / 2 {
		c.expect(t, ms, 1, 0, 1)
	}
	c.expect(t, age-1, 2, 0, 2)
	c.expect(t, age, 2, 1, 1)
	c.expect(t, age, 3, 0, 3)
	c.expect(t, age, 3, 2, 2)
	c.expect(t, age, 3, 1, 0)
}
