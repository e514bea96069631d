package storage

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/vfs"
)

var kvCommitFault = kv.Fault{Kinds: kv.OpCommit, N: 1, Err: errBoom}

// life is a store that a random sequence of things happens to; the world's twin
// knows what must come back.
type life struct {
	*world
	rng    *rand.Rand
	frozen *Checkpoint
	at     protocol.Instance
	next   uint64 // chunk
}

func (l *life) reopen(t *rapid.T) {
	l.frozen = nil
	r, err := l.open(rapid.Bool().Draw(t, "init"))
	if err == nil {
		err = l.settle(r)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (l *life) may(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

func (l *life) commitSome(t *rapid.T) {
	var records []protocol.Record
	for range rapid.IntRange(1, 6).Draw(t, "records") {
		records = append(records, anyRecord(l.rng, l.at+1))
	}
	l.may(t, l.commit(records...))
}

func (l *life) freezeNow(t *rapid.T) {
	l.at += protocol.Instance(rapid.IntRange(0, 9).Draw(t, "applied"))
	c := l.freeze(l.at)
	l.frozen = &c
}

func (l *life) saveFrozen(t *rapid.T) {
	if l.frozen == nil {
		t.Skip()
	}
	c := *l.frozen
	l.frozen = nil
	l.next++
	l.may(t, l.save(c, l.next))
}

func (l *life) fetch(t *rapid.T) {
	l.next += 2
	l.may(t, l.putChunks(l.next-1, l.next))
}

func (l *life) end(t *rapid.T) {
	if rapid.Bool().Draw(t, "final") {
		c := l.freeze(l.at)
		l.may(t, l.close(&c))
	} else {
		l.may(t, l.close(nil))
	}
	l.reopen(t)
}

func (l *life) diskFails(t *rapid.T) {
	l.fsFaults.Arm(vfs.Fault{Kinds: vfs.OpChange, N: rapid.IntRange(1, 4).Draw(t, "n"), Short: true, Forever: true, Err: errBoom})
	for range 4 {
		if err := l.commit(anyRecord(l.rng, l.at+1)); err != nil {
			break
		}
	}
	l.powerCut()
	l.reopen(t)
}

func TestAStoreRemembersWhatItsTwinRemembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		l := &life{world: newWorld(seed), rng: rand.New(rand.NewPCG(seed, 2))}
		if _, err := l.open(true); err != nil {
			t.Fatal(err)
		}
		t.Repeat(map[string]func(*rapid.T){
			"commit":     l.commitSome,
			"freeze":     l.freezeNow,
			"checkpoint": l.saveFrozen,
			"fetch":      l.fetch,
			"close":      l.end,
			"kill":       func(t *rapid.T) { l.kill(); l.reopen(t) },
			"power cut":  func(t *rapid.T) { l.powerCut(); l.reopen(t) },
			"disk fails": l.diskFails,
		})
	})
}
