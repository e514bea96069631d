package storage

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"paxos/protocol"
)

func opened1(t *testing.T) *world {
	t.Helper()
	w := newWorld(1)
	_, err := w.open(true)
	must(t, err)
	return w
}

func reopened(t *testing.T, w *world) Restored {
	t.Helper()
	w.kill()
	r, err := w.open(false)
	must(t, err)
	return r
}

func TestAVoteIsAPromise(t *testing.T) {
	w := opened1(t)
	must(t, w.commit(vote(7, 1), &protocol.Promised{Ballot: ballot(3)}))
	if r := reopened(t, w); r.Promised != ballot(7) {
		t.Errorf("promised %s in the log", r.Promised)
	}
	c := w.freeze(1)
	c.Promised, c.Votes = ballot(3), []protocol.Vote{vote(7, 1).Vote} // applied, and not kept; but it counts
	must(t, w.save(c))
	if r := reopened(t, w); r.Promised != ballot(7) {
		t.Errorf("promised %s in the checkpoint", r.Promised)
	}
}

func TestACheckpointMayOnlyGoForward(t *testing.T) {
	w := opened1(t)
	must(t, w.commit(vote(7, 1), vote(7, 20), &protocol.Round{Round: 9}, pin(1)))
	counted := func() Checkpoint { c := w.freeze(10); c.ChunkCount = 1; return c }
	must(t, w.save(counted(), 0))
	back := map[string]func(*Checkpoint){
		"rule 2": func(c *Checkpoint) { c.Promised, c.Votes = ballot(6), nil },
		"rule 3": func(c *Checkpoint) { c.Round = 8 },
		"rule 7": func(c *Checkpoint) { c.Applied = 9 },
		"chunks": func(c *Checkpoint) { c.ChunkCount-- },
		"rule 10": func(c *Checkpoint) {
			c.Pins = []protocol.Pin{{Acceptor: c.Pins[0].Acceptor, Store: c.Pins[0].Store + 1}}
		},
		"back":    func(c *Checkpoint) { c.Covers.Offset-- },
		"durable": func(c *Checkpoint) { c.Covers.Offset++ },
	}
	for rule, change := range back {
		c := counted()
		change(&c)
		if got := panicOf(func() { _ = w.store.Checkpoint(c) }); !strings.Contains(got, rule) {
			t.Errorf("%s: %q", rule, got)
		}
	}
	must(t, w.save(counted())) // and the store lives
	without := counted()       // the pinned acceptor is no member any more
	without.Pins = nil
	must(t, w.save(without))
}

func panicOf(do func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	do()
	return
}

func TestReplayFromBeforeTheFrozenStateChangesNothing(t *testing.T) {
	w := opened1(t)
	covers := w.store.Covered() // long before the state is frozen
	must(t, w.commit(vote(1, 1), vote(2, 5), pin(1), &protocol.Round{Round: 3}))
	must(t, w.commit(vote(4, 5), vote(4, 9)))
	c := w.freeze(4)
	c.Covers = covers
	must(t, w.save(c))
	must(t, w.settle(reopened(t, w)))
}

func TestTwoValuesOfOneBallotAreDamage(t *testing.T) {
	w := opened1(t)
	other := vote(1, 1)
	other.Vote.Value = protocol.Value("another value")
	must(t, w.commit(vote(1, 1)))
	must(t, w.commit(other))
	w.kill()
	if _, err := w.open(false); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "rule 3") {
		t.Errorf("opened: %v", err)
	}
}

func TestTwoPinsOfOneAcceptorAreDamage(t *testing.T) {
	w := opened1(t)
	must(t, w.commit(pin(1), &protocol.Pinned{Pin: protocol.Pin{Acceptor: 1, Store: 5}}))
	w.kill()
	if _, err := w.open(false); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "rule 10") {
		t.Errorf("opened: %v", err)
	}
}

func TestChunksAreImmutable(t *testing.T) {
	w := opened1(t)
	must(t, w.putChunks(3))
	must(t, w.store.PutChunks([]Chunk{{Number: 3, Data: []byte("other")}, {Number: 4, Data: []byte("new")}}))
	if got, err := w.store.Chunk(3); err != nil || !bytes.Equal(got, chunksOf([]uint64{3})[0].Data) {
		t.Errorf("chunk 3: %q, %v", got, err)
	}
	if got, err := w.store.Chunk(5); got != nil || err != nil {
		t.Errorf("chunk 5 is not there: %q, %v", got, err)
	}
}

// A fetched chunk is a part of what arrived.
func TestOnlyBehindAChunkWithRoomAnythingIsWritten(t *testing.T) {
	w := opened1(t)
	arrived := []byte("one chunk, and another one")
	must(t, w.store.PutChunks([]Chunk{{Number: 0, Data: arrived[:9]}, {Number: 1, Data: slices.Grow([]byte("mine"), ChunkRoom), Room: true}}))
	if string(arrived) != "one chunk, and another one" {
		t.Errorf("what arrived is %q now", arrived)
	}
	for n, want := range []string{"one chunk", "mine"} {
		if got, err := w.store.Chunk(uint64(n)); err != nil || string(got) != want {
			t.Errorf("chunk %d: %q, %v; want %q", n, got, err, want)
		}
	}
}

func TestAChunkThatTheHeadNeedsMayNotBeMissing(t *testing.T) {
	w := opened1(t)
	c := w.freeze(5)
	c.ChunkCount = 2
	must(t, w.save(c, 0, 1))
	if data, err := w.store.Chunk(2); data != nil || err != nil {
		t.Errorf("chunk 2: %q, %v", data, err)
	}
	w.dbs.Damage(testDB, bucketChunks, numberKey(1), lose)
	if _, err := w.store.Chunk(1); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "chunk 1") {
		t.Errorf("chunk 1: %v", err)
	}
}

// What is put as soon as it is enough for a transaction, passes the border a little.
func TestChunksThatJustReachATransactionTakeOne(t *testing.T) {
	w := opened1(t)
	var chunks []Chunk
	for n := range uint64(4) {
		chunks = append(chunks, Chunk{Number: n, Data: bytes.Repeat([]byte{byte(n)}, 300<<10)})
	}
	must(t, w.store.PutChunks(chunks))
	if st := w.store.Stats(); st.Transactions != 1 {
		t.Errorf("%d transactions for %d bytes", st.Transactions, st.SavedBytes)
	}
	for _, c := range chunks {
		if got, err := w.store.Chunk(c.Number); err != nil || !bytes.Equal(got, c.Data) {
			t.Errorf("chunk %d: %d bytes, %v", c.Number, len(got), err)
		}
	}
}

func TestManyChunksTakeSeveralTransactions(t *testing.T) {
	w := opened1(t)
	c := w.freeze(5)
	for n := range uint64(10) {
		c.Chunks = append(c.Chunks, Chunk{Number: n, Data: bytes.Repeat([]byte{byte(n)}, 300<<10)})
	}
	w.twin.maybe = &c
	must(t, w.store.Checkpoint(c))
	w.saved(c)
	if st := w.store.Stats(); st.Transactions != 3 || st.Checkpoints != 1 {
		t.Errorf("%+v", st)
	}
	must(t, w.settle(reopened(t, w)))
}

func TestACheckpointWithoutAHeadLeavesNone(t *testing.T) {
	w := opened1(t)
	must(t, w.save(w.freeze(4)))
	c := w.freeze(8)
	c.Head = nil
	must(t, w.save(c))
	if applied, head, err := w.store.Head(); applied != 8 || head != nil || err != nil {
		t.Errorf("head %q at %s, %v", head, applied, err)
	}
	must(t, w.settle(reopened(t, w)))
}

func TestTheLogStaysBoundedAndItsFilesAreRecycled(t *testing.T) {
	w := opened1(t)
	for i := range protocol.Instance(300) {
		must(t, w.commit(vote(1, 3*i+1), vote(1, 3*i+2), vote(1, 3*i+3)))
		if i%10 == 9 {
			must(t, w.save(w.freeze(3*i)))
		}
	}
	if st := w.store.Stats().Log; st.Segments > 4 || st.Recycled < 10 || st.DiskBytes > 10*4096 {
		t.Errorf("%+v", st)
	}
	must(t, w.settle(reopened(t, w)))
}

func TestACommitTakesOneSync(t *testing.T) {
	w := opened1(t)
	before := w.store.Stats()
	must(t, w.commit(vote(1, 1), vote(1, 2)))
	must(t, w.commit(vote(1, 3)))
	if st := w.store.Stats(); st.Log.Syncs != before.Log.Syncs+2 || st.Log.Commits != 2 || st.Log.Records != 3 {
		t.Errorf("%+v", st.Log)
	}
	must(t, w.save(w.freeze(2), 1, 2))
	must(t, w.putChunks(3))
	if st := w.store.Stats(); st.Checkpoints != 1 || st.Transactions != 2 || st.DatabaseBytes == 0 {
		t.Errorf("%+v", st)
	}
}

func TestAfterCloseEverythingSaysSo(t *testing.T) {
	w := opened1(t)
	final := w.freeze(3)
	must(t, w.close(&final))
	var b Batch
	_, _, errHead := w.store.Head()
	for i, err := range []error{w.store.Commit(&b), w.store.Checkpoint(final), w.store.PutChunks(nil), errHead, w.store.Close(nil)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	r, err := w.open(false)
	must(t, err)
	if !r.Log.Clean {
		t.Errorf("report %+v after a clean end", r.Log)
	}
	must(t, w.settle(r))
}

func TestAStoreThatFailedSaysSoWhenItIsClosed(t *testing.T) {
	w := opened1(t)
	w.dbFaults.Arm(kvCommitFault)
	first := w.save(w.freeze(1))
	if err := w.store.Close(nil); !errors.Is(first, errBoom) || err != first { //nolint:errorlint // the very error
		t.Errorf("close: %v, want %v", err, first)
	}
}

func TestTheFirstErrorIsTheOne(t *testing.T) {
	var e ending
	first := e.end(errBoom)
	if got := e.end(errors.New("second")); got != first || e.reason() != first { //nolint:errorlint // the very error
		t.Errorf("%v, then %v", first, got)
	}
}

func TestAnUnreadableChunkEndsTheStore(t *testing.T) {
	w := opened1(t)
	must(t, w.putChunks(1, 2))
	w.dbs.Damage(testDB, bucketChunks, numberKey(1), flipLast)
	_, first := w.store.Chunk(1)
	if !errors.Is(first, ErrCorrupt) || !strings.Contains(first.Error(), databaseName) {
		t.Errorf("chunk 1: %v", first)
	}
	if _, err := w.store.Chunk(2); err != first { //nolint:errorlint // the very error
		t.Errorf("chunk 2: %v", err)
	}
}

// The goroutines of a node: run with -race.
func TestCommitCheckpointAndReadersRunBesideEachOther(t *testing.T) {
	w := opened1(t)
	var wg sync.WaitGroup
	covers := make(chan Checkpoint, 1)
	wg.Go(func() { // the background
		for c := range covers {
			must(t, w.store.Checkpoint(c))
			must(t, w.store.PutChunks(chunksOf([]uint64{500 + uint64(c.Applied)})))
		}
	})
	done := make(chan struct{})
	for range 2 {
		wg.Go(func() { // a peer's snapshot
			for {
				select {
				case <-done:
					return
				default:
				}
				applied, head, err := w.store.Head()
				must(t, err)
				if head != nil && string(head) != fmt.Sprintf("head at %s", applied) {
					t.Errorf("head %q at %s", head, applied)
				}
				if data, err := w.store.Chunk(uint64(applied)); err != nil || applied > 0 && data == nil {
					t.Errorf("chunk %s: %q, %v", applied, data, err)
				}
				w.store.Stats()
			}
		})
	}
	for i := range protocol.Instance(200) { // loop and disk in one
		must(t, w.commit(vote(1, i+1)))
		select {
		case covers <- Checkpoint{
			Covers: w.store.Covered(), Promised: ballot(1), Applied: i, Head: fmt.Appendf(nil, "head at %s", i),
			Chunks: chunksOf([]uint64{uint64(i)}), Votes: []protocol.Vote{vote(1, i+1).Vote},
		}:
		default:
		}
	}
	close(covers)
	close(done)
	wg.Wait()
}

func TestTheStateTakesTheBytesOfTheTable(t *testing.T) {
	st := newState(Position{})
	st.pins = []protocol.Pin{pin(1).Pin, pin(2).Pin, pin(3).Pin}
	if got, want := len(st.encode()), 85+3*12; got != want {
		t.Errorf("%d bytes, docs/storage.md says %d", got, want)
	}
}
