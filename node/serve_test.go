package node

import (
	"testing"
	"time"

	"paxos/protocol"
	"paxos/storage"
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

// imagesOf is a store whose head stays, while it names one image after the other.
type imagesOf struct{ named storage.Images }

func (s *imagesOf) Head() (protocol.Instance, []byte, error) {
	return 7, appendTrailer([]byte("a head"), s.named), nil
}

// Images are named without a checkpoint; a peer that begins must not be sent to an
// image that was dropped since, though it asks all the time.
func TestAHeadInTheCacheNamesTheImagesThatThereAre(t *testing.T) {
	var c headCache
	s := new(imagesOf)
	for generation := range uint32(5) {
		s.named.Newest = storage.Image{Index: uint64(1000 * (generation + 1)), Generation: generation + 1, Pieces: 1, Bytes: 1}
		number, data, err := c.get(s, 0, protocol.Time(generation))
		if _, got, _ := splitTrailer(data); err != nil || number != 7 || got.Image != s.named.Newest {
			t.Fatalf("head %d names %+v, want %+v (%v)", number, got.Image, s.named.Newest, err)
		}
		_, again, _ := c.get(s, 7, protocol.Time(generation)) // whoever is fetching it gets the same one
		if string(again) != string(data) {
			t.Fatal("one number stands for two heads")
		}
	}
	if c.entries[1].number != 0 {
		t.Error("one head is cached twice")
	}
}
