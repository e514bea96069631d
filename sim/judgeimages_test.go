package sim

import (
	"testing"

	"paxos/engine"
	"paxos/protocol"
	"paxos/storage"
)

// imageCourt is a court that knows a list of so many entries.
func imageCourt(t *testing.T, entries int) *court {
	c := newCourt(t, ShapeImages)
	c.w.plan.images = imagePlan{on: true, state: 100}
	for n := range entries {
		payload := []byte{byte(n), byte(n >> 8)}
		c.book.entries = append(c.book.entries, entry{hash: hashOf(payload)})
		c.noteSum(payload)
	}
	return c
}

func TestAnOlderImageIsNoticed(t *testing.T) {
	named := func(index, kept uint64) storage.Images {
		return storage.Images{Newest: storage.Image{Index: index}, Kept: kept}
	}
	c := imageCourt(t, 3000)
	s := c.of(c.acceptors[0])
	s.images = named(2100, 1)
	c.noneIsLost(s, named(2100, 1))
	c.noneIsLost(s, named(2200, 2))
	c.names(checkImages, "had one of 2100", func() { c.noneIsLost(s, named(2099, 1)) })
	c.names(checkImages, "those from 1 on", func() { c.noneIsLost(s, named(2100, 0)) })
	c.names(checkImages, "stands for 2101 entries only", func() { c.noneIsLost(s, named(2101, 3)) })
	c.names(checkImages, "there are only 3000", func() { c.noneIsLost(s, named(3001, 2)) })
}

func TestAMachineInAWrongStateIsNoticed(t *testing.T) {
	c := imageCourt(t, 10)
	h := c.acceptors[0]
	h.process, h.follower = new(process), &follower{h: h, engine: engine.Follow(nil, engine.FollowerOptions{})}
	plan := &c.w.plan.images
	if count, sum := c.restoresMachine(h, plan.stateOf(7, c.book.sums[7])); count != 7 || sum != c.book.sums[7] {
		t.Errorf("restored %d, %x", count, sum)
	}
	c.names(checkImages, "were not decided", func() { c.restoresMachine(h, plan.stateOf(7, c.book.sums[6])) })
	c.names(checkImages, "were not decided", func() { c.restoresMachine(h, plan.stateOf(11, 1)) })
	c.names(checkImages, "that is none", func() { c.restoresMachine(h, plan.stateOf(7, c.book.sums[7])[1:]) })
}

// What a machine applies one by one leads to the sums that the judge keeps.
func TestALedgerAndTheJudgeAgree(t *testing.T) {
	c := imageCourt(t, 100)
	l := ledger{f: &follower{h: c.acceptors[0]}}
	for n := range 100 {
		l.Apply([]byte{byte(n), byte(n >> 8)})
		if sum, known := c.sumAt(l.count); !known || sum != l.sum {
			t.Fatalf("after %d commands the sum is %x, want %x", l.count, l.sum, sum)
		}
	}
	if _, known := c.sumAt(protocol.ChunkEntries); known {
		t.Error("the judge knows entries that nobody decided")
	}
}
