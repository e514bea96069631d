package node

import (
	"fmt"
	"sync/atomic"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// feed hands the list's entries to Options.Entries, in order and each once,
// from a goroutine of its own. When its reader is slow the loop waits for it:
// nobody depends on a learner, and it catches up later.
type feed struct {
	store   *storage.Store
	wake    func()
	failure *failure
	entries func(first uint64, count int, block []byte) error
	next    uint64        // index of the next entry to hand out
	handed  atomic.Uint64 // next, for others to see
	jobs    chan []stretch
	done    chan struct{}
	turn    []stretch   // gathered by the loop
	bytes   int         // in turn
	hungry  atomic.Bool // the loop has something that it could not pass on
	inline  bool        // no goroutine: the loop itself hands out
}

// stretch is a row of consecutive entries: count of them in block, from index
// first on; or, where view is set, everything in a list that was restored.
type stretch struct {
	view  *list.View
	first uint64
	count int
	block []byte
}

const (
	feedDepth = 2       // of gathered turns that wait for the reader
	feedBytes = 1 << 20 // of entries in one, about
	// stretchCost is what a stretch holds beside its block: itself, and the rest of
	// the datagram that the block came in.
	stretchCost = 256
)

func newFeed(store *storage.Store, fail *failure, o Options) *feed {
	return &feed{
		store: store, wake: o.Transport.Wake, failure: fail, entries: o.Entries, next: o.From,
		jobs: make(chan []stretch, feedDepth), done: make(chan struct{}), inline: o.world.inline,
	}
}

// restored adds everything up to the end of a list that was restored from a head.
func (f *feed) restored(l *list.State) {
	view := l.View()
	f.turn = append(f.turn, stretch{view: &view})
}

// appended adds entries that were just applied.
func (f *feed) appended(first uint64, count int, block []byte) {
	f.turn = append(f.turn, stretch{first: first, count: count, block: block})
	f.bytes += len(block) + stretchCost
}

// flush passes on what was gathered. While the reader is slow it gathers more,
// up to feedBytes; then the loop waits for the reader, the end, or a failure.
func (f *feed) flush(end <-chan struct{}, dead <-chan struct{}) {
	if len(f.turn) == 0 {
		return
	}
	if f.inline {
		f.handTurn(f.turn)
		clear(f.turn)
		f.turn, f.bytes = f.turn[:0], 0
		return
	}
	f.hungry.Store(true) // from here on the reader wakes the loop
	select {
	case f.jobs <- f.turn:
		f.turn, f.bytes = nil, 0
		f.hungry.Store(false)
		return
	default:
	}
	if f.bytes < feedBytes {
		return
	}
	select {
	case f.jobs <- f.turn:
		f.turn, f.bytes = nil, 0
	case <-end:
	case <-dead:
	case <-f.done:
	}
}

// feedPatience is how long a shutdown waits for a reader that does not read.
const feedPatience = 5 * time.Second

// close ends the feed after what was gathered. A reader that does not read is
// left behind, with its goroutine.
func (f *feed) close() error {
	if f.inline {
		f.flush(nil, nil)
		return nil
	}
	patience := time.After(feedPatience)
	if len(f.turn) > 0 {
		select {
		case f.jobs <- f.turn:
		case <-f.done:
		case <-patience:
			return f.stuck()
		}
	}
	close(f.jobs)
	select {
	case <-f.done:
		return nil
	case <-patience:
		return f.stuck()
	}
}

func (f *feed) stuck() error {
	return fmt.Errorf("the output's reader stopped reading at entry %d", f.handed.Load())
}

// run hands out stretches until the feed is closed or its reader fails.
func (f *feed) run() {
	defer close(f.done)
	for turn := range f.jobs {
		if !f.handTurn(turn) {
			return
		}
		if f.hungry.Swap(false) {
			f.wake()
		}
	}
}

// handTurn hands out stretches and reports whether to go on.
func (f *feed) handTurn(turn []stretch) bool {
	for _, s := range turn {
		if err := f.hand(s); err != nil {
			f.failure.fail(err)
			return false
		}
	}
	return true
}

func (f *feed) hand(s stretch) error {
	if s.view != nil {
		return s.view.Read(f.next, f.store, f.handBlock)
	}
	end := s.first + uint64(s.count)
	if end <= f.next {
		return nil // before Options.From, or handed out from a restored list
	}
	if s.first > f.next {
		panic(fmt.Sprintf("the feed hands out entries in order, without gaps: got %d after %d", s.first, f.next))
	}
	rest, err := protocol.SkipPayloads(s.block, int(f.next-s.first))
	if err != nil {
		return fmt.Errorf("list entries from %d on: %w", s.first, err)
	}
	return f.handBlock(f.next, int(end-f.next), rest)
}

func (f *feed) handBlock(first uint64, count int, block []byte) error {
	if err := f.entries(first, count, block); err != nil {
		return err
	}
	f.next = first + uint64(count)
	f.handed.Store(f.next)
	return nil
}
