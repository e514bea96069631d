package sim

import (
	"testing"

	"paxos/engine"
	"paxos/list"
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

// A backup is the list as it stood at one moment: no entry is another one, and none is
// missing at its end, or too much.
func TestABackupOfAnotherListIsNoticed(t *testing.T) {
	c := imageCourt(t, 3)
	behind := func(index uint64, view list.View) *backup {
		state := c.w.plan.images.stateOf(index, c.book.sums[index])
		return &backup{h: c.acceptors[0], view: view, state: state}
	}
	three := viewOf(0, 1, 2)
	for index := range uint64(3) {
		behind(index, three).entries(storage.Image{Index: index})
	}
	c.names(checkImages, "another state of 2 entries", func() { behind(1, three).entries(storage.Image{Index: 2}) })
	c.names(checkImages, "another entry 1 than", func() { behind(0, viewOf(0, 2, 2)).entries(storage.Image{}) })
	c.names(checkImages, "another entry 3 than", func() { behind(0, viewOf(0, 1, 2, 3)).entries(storage.Image{}) })
	c.names(checkImages, "ends before entry 3, and the list that it reads has 2", func() {
		behind(3, viewOf(0, 1)).entries(storage.Image{Index: 3})
	})
	c.names(checkImages, "ends before entry 2, and the list that it reads has 3", func() { behind(0, three).ends(2) })
}

// viewOf is a list of entries like those of an imageCourt.
func viewOf(numbers ...byte) list.View {
	var block []byte
	for _, n := range numbers {
		block = protocol.AppendPayload(block, []byte{n, 0})
	}
	s := list.New(list.Options{})
	v := protocol.Value(nil).AppendOpen(protocol.Nonce{1}).AppendRun(protocol.Run{Session: 1, First: 1, Count: len(numbers), Block: block})
	s.Apply(1, v, new(protocol.Effects))
	return s.View()
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
