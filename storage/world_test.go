package storage

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/vfs"
	"paxos/wal"
)

const testDir = "/data/acceptor-1"

var testIdentity = Identity{Cluster: 7, Role: protocol.RoleAcceptor, ID: 1}

// world is a disk that can fail and lose power, and a twin of the store on it.
type world struct {
	fs       *vfs.Mem
	dbs      *kv.Memory
	fsFaults *vfs.Faulty
	dbFaults *kv.Faulty
	store    *Store
	twin     twin
	drawn    protocol.StoreID
	mark     int64 // a place in the log that a test remembers

	real         string // a folder on a real disk, with bbolt, instead of all that
	segmentBytes int64
	head         []byte // that new stores begin with
}

func newWorld(seed uint64) *world {
	w := &world{fs: vfs.NewMem(seed), dbs: kv.NewMemory()}
	w.twin.chunks = map[uint64][]byte{}
	w.plug(vfs.Fault{}, kv.Fault{})
	return w
}

// plug connects the disks with faults armed.
func (w *world) plug(f vfs.Fault, d kv.Fault) {
	w.fsFaults, w.dbFaults = vfs.NewFaulty(w.fs, f), kv.NewFaulty(w.dbs.Open, d)
}

// powerCut goes on with what a power cut leaves, and no faults.
func (w *world) powerCut() {
	w.fs, w.dbs, w.store = w.fs.Crash(), w.dbs.Crash(), nil
	w.plug(vfs.Fault{}, kv.Fault{})
}

// kill goes on with what kill -9 leaves.
func (w *world) kill() {
	w.fs.Kill()
	w.dbs.Kill()
	w.store = nil
	w.plug(vfs.Fault{}, kv.Fault{})
}

func (w *world) options(init bool) Options {
	if w.real != "" {
		return Options{Dir: w.real, Want: testIdentity, Init: init, Head: w.head, SegmentBytes: w.segmentBytes}
	}
	return Options{
		Dir: testDir, Want: testIdentity, Init: init, Head: w.head, FS: w.fsFaults, OpenDB: w.dbFaults.Open, SegmentBytes: 4096,
		RandomStore: func() protocol.StoreID { w.drawn++; return w.drawn },
	}
}

func (w *world) open(init bool) (Restored, error) {
	s, r, err := Open(w.options(init))
	w.store = s
	return r, err
}

// twin knows what the store must remember, in the plainest way: every record
// there ever was. What is under way may have happened or not.
type twin struct {
	acked      []protocol.Record
	underway   []protocol.Record
	checkpoint Checkpoint
	maybe      *Checkpoint
	chunks     map[uint64][]byte
}

func (t *twin) all() []protocol.Record { return slices.Concat(t.acked, t.underway) }

// expected folds records over the list of a checkpoint.
func expected(records []protocol.Record, c Checkpoint) Restored {
	r := Restored{Applied: c.Applied, Head: c.Head}
	votes, pins := map[protocol.Instance]protocol.Vote{}, map[protocol.NodeID]protocol.Pin{}
	promise := func(b protocol.Ballot) {
		if r.Promised.Less(b) {
			r.Promised = b
		}
	}
	for _, rec := range records {
		switch rec := rec.(type) {
		case *protocol.Promised:
			promise(rec.Ballot)
		case *protocol.Voted:
			promise(rec.Vote.Ballot)
			if old, found := votes[rec.Vote.Instance]; !found || old.Ballot.Less(rec.Vote.Ballot) {
				votes[rec.Vote.Instance] = rec.Vote
			}
		case *protocol.Round:
			r.Round = max(r.Round, rec.Round)
		case *protocol.Pinned:
			pins[rec.Pin.Acceptor] = rec.Pin
		}
	}
	for _, i := range slices.Sorted(maps.Keys(votes)) {
		if i > c.Applied {
			r.Votes = append(r.Votes, votes[i])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(pins)) {
		r.Pins = append(r.Pins, pins[id])
	}
	return r
}

// settle takes what came back for what happened, if it is one of the things that
// may have happened.
func (w *world) settle(got Restored) error {
	got.Log = wal.Report{}
	t := &w.twin
	after := t.checkpoint
	if t.maybe != nil {
		after = *t.maybe
	}
	without, with := expected(t.acked, t.checkpoint), expected(t.all(), after)
	switch {
	case reflect.DeepEqual(got, with):
		t.acked, t.checkpoint = t.all(), after
	case !reflect.DeepEqual(got, without):
		return fmt.Errorf("restored %s\nwant     %s\nor       %s", show(got), show(without), show(with))
	}
	t.underway, t.maybe = nil, nil
	return w.checkChunks()
}

func show(r Restored) string {
	var votes []string
	for _, v := range r.Votes {
		votes = append(votes, fmt.Sprintf("%s@%s:%d bytes", v.Instance, v.Ballot, len(v.Value)))
	}
	return fmt.Sprintf("promised %s round %d pins %v applied %s head %x votes %v", r.Promised, r.Round, r.Pins, r.Applied, r.Head, votes)
}

func (w *world) checkChunks() error {
	for _, n := range slices.Sorted(maps.Keys(w.twin.chunks)) {
		data, err := w.store.Chunk(n)
		if err != nil || !bytes.Equal(data, w.twin.chunks[n]) {
			return fmt.Errorf("chunk %d: %d bytes instead of %d, %w", n, len(data), len(w.twin.chunks[n]), err)
		}
	}
	applied, head, err := w.store.Head()
	if c := w.twin.checkpoint; err != nil || applied != c.Applied || !bytes.Equal(head, c.Head) {
		return fmt.Errorf("head %x at %s, want %x at %s, %w", head, applied, c.Head, c.Applied, err)
	}
	return nil
}

func (w *world) commit(records ...protocol.Record) error {
	w.twin.underway = records
	var b Batch
	for _, rec := range records {
		b.Add(rec)
	}
	if err := w.store.Commit(&b); err != nil {
		return err
	}
	w.twin.acked, w.twin.underway = w.twin.all(), nil
	return nil
}

// freeze is the state of a process that has applied up to an instance.
func (w *world) freeze(applied protocol.Instance) Checkpoint {
	applied = max(applied, w.twin.checkpoint.Applied)
	now := expected(w.twin.acked, Checkpoint{Applied: applied})
	return Checkpoint{
		Covers: w.store.Covered(), Promised: now.Promised, Round: now.Round, Pins: now.Pins, Votes: now.Votes,
		Applied: applied, Head: fmt.Appendf(nil, "head at %s", applied),
	}
}

func (w *world) save(c Checkpoint, chunks ...uint64) error {
	c.Chunks = chunksOf(chunks)
	w.twin.maybe = &c
	if err := w.store.Checkpoint(c); err != nil {
		return err
	}
	w.saved(c)
	return nil
}

func (w *world) saved(c Checkpoint) {
	w.twin.checkpoint, w.twin.maybe = c, nil
	w.stored(c.Chunks)
}

func (w *world) putChunks(numbers ...uint64) error {
	chunks := chunksOf(numbers)
	if err := w.store.PutChunks(chunks); err != nil {
		return err
	}
	w.stored(chunks)
	return nil
}

func (w *world) stored(chunks []Chunk) {
	for _, c := range chunks {
		w.twin.chunks[c.Number] = c.Data
	}
}

func (w *world) close(final *Checkpoint) error {
	w.twin.maybe = final
	if err := w.store.Close(final); err != nil {
		return err
	}
	if final != nil {
		w.saved(*final)
	}
	return nil
}

// bigChunk is the first number of chunks so big that each takes a transaction.
const bigChunk = 1000

// chunksOf makes the chunks with these numbers; chunks are equal everywhere.
func chunksOf(numbers []uint64) []Chunk {
	var chunks []Chunk
	for _, n := range numbers {
		size := 50 + int(n)
		if n >= bigChunk {
			size = transactionBytes*2/3 + int(n)
		}
		chunks = append(chunks, Chunk{Number: n, Data: bytes.Repeat([]byte{byte(n) + 1}, size)})
	}
	return chunks
}

func ballot(round uint64) protocol.Ballot {
	return protocol.Ballot{Round: round, Proposer: protocol.NodeID(1 + round%2), Incarnation: 9}
}

// vote makes the one value that a ballot has for an instance.
func vote(round uint64, i protocol.Instance) *protocol.Voted {
	v := bytes.Repeat([]byte{byte(round), byte(i)}, 20+int(i)%50)
	return &protocol.Voted{Vote: protocol.Vote{Ballot: ballot(round), Instance: i, Value: v}}
}

func pin(id protocol.NodeID) *protocol.Pinned {
	return &protocol.Pinned{Pin: protocol.Pin{Acceptor: id, Store: protocol.StoreID(100 + id)}}
}

// anyRecord draws a record about instances near i.
func anyRecord(rng *rand.Rand, i protocol.Instance) protocol.Record {
	round := 1 + rng.Uint64N(5)
	switch rng.IntN(8) {
	case 0:
		return &protocol.Promised{Ballot: ballot(round)}
	case 1:
		return &protocol.Round{Round: round}
	case 2:
		return pin(protocol.NodeID(1 + rng.IntN(4)))
	}
	return vote(round, i+protocol.Instance(rng.IntN(10)))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// script is a life of a store, from formatting to a clean end and once more. It
// stops at the first error.
func (w *world) script() error {
	if _, err := w.open(true); err != nil {
		return err
	}
	if err := w.busy(1); err != nil {
		return err
	}
	if err := w.save(w.freeze(38), bigChunk, bigChunk+1); err != nil {
		return err
	}
	final := w.freeze(40)
	if err := w.close(&final); err != nil {
		return err
	}
	if r, err := w.open(false); err != nil {
		return err
	} else if err := w.settle(r); err != nil {
		return err
	}
	if err := w.busy(2); err != nil {
		return err
	}
	return w.close(nil)
}

// busy commits, stores chunks, and checkpoints states that the log has gone past.
func (w *world) busy(seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, 1))
	for n := range uint64(4) {
		at := protocol.Instance(10*n + 1)
		if err := w.commit(anyRecord(rng, at), anyRecord(rng, at), vote(3, at)); err != nil {
			return err
		}
		if err := w.putChunks(10*seed+2*n, 10*seed+2*n+1); err != nil {
			return err
		}
		frozen := w.freeze(at + 2)
		for range 8 {
			if err := w.commit(vote(4, at+1), vote(4, at+2), vote(5, at+9), anyRecord(rng, at)); err != nil {
				return err
			}
		}
		if err := w.save(frozen, 10*seed+2*n, 10*seed+2*n+1, 100+n); err != nil {
			return err
		}
	}
	return nil
}

var errBoom = errors.New("boom")
