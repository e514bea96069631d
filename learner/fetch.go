package learner

import (
	"fmt"
	"time"

	"paxos/protocol"
)

// FetcherConfig is what a Fetcher is told; zero fields mean the defaults.
type FetcherConfig struct {
	// Window is how many bytes may be asked for and not be here yet, so that
	// the answers fit the own socket buffer; default 48 KiB.
	Window int
	// RetryDelay is how long no piece comes before the missing ones are
	// asked for again; default 5 ms, doubling to MaxRetryDelay, default 200 ms.
	RetryDelay, MaxRetryDelay time.Duration
	// IdleTimeout is how long nothing new comes before the transfer fails; default 2 s.
	IdleTimeout time.Duration
	// MaxHead and MaxChunk bound one blob, in bytes; defaults 64 MiB and 20 MiB.
	MaxHead, MaxChunk int
	// MaxBuffered bounds the chunks in memory, those not taken yet among them,
	// in bytes; default 8 MiB. While none waits to be taken, one chunk more is
	// allowed, so that there always is progress.
	MaxBuffered int
}

func (c FetcherConfig) withDefaults() FetcherConfig {
	setDefault(&c.Window, 48<<10)
	setDefault(&c.RetryDelay, 5*time.Millisecond)
	setDefault(&c.MaxRetryDelay, 200*time.Millisecond)
	setDefault(&c.IdleTimeout, 2*time.Second)
	setDefault(&c.MaxHead, 64<<20)
	setDefault(&c.MaxChunk, 20<<20)
	setDefault(&c.MaxBuffered, 8<<20)
	return c
}

// Blob is a head or a chunk that arrived in full and passed its CRC-32C.
type Blob struct {
	Number uint64 // a head's applied instance, or a chunk's place in the list
	Data   []byte
}

const (
	maxChunksOpen = 8  // chunks under way at once
	maxRestarts   = 8  // of one blob, before the transfer fails
	maxRetries    = 64 // Fetches of one round of repair
)

// Fetcher pulls a snapshot from a peer, as a pure state machine: first the
// newest head, then the chunks that the caller finds it needs.
//
//	Start -> TakeHead -> WantChunks -> TakeChunks ... -> Done
//
// The caller looks for heads and chunks after each Step. Once Failed is not
// nil, nothing more happens until Start is called again, with another peer
// perhaps. Pieces that others asked for are used where they fit. It is not safe
// for concurrent use.
type Fetcher struct {
	cfg    FetcherConfig
	peer   protocol.Peer
	active bool
	err    error

	open  []*blob // under way: the head, or chunks in ascending order
	head  *Blob   // here, not taken
	ready []Blob  // chunks here, not taken

	wanted    bool // WantChunks was called: nextChunk to endChunk-1 are not opened yet
	nextChunk uint64
	endChunk  uint64
	also      []chunkRange // wanted after these
	guess     int          // what an unknown blob's size is taken for, in bytes

	delay    time.Duration
	retryAt  protocol.Time
	failAt   protocol.Time
	tickSoon bool // chunks were taken: there may be room again
}

// NewFetcher makes a fetcher that does nothing before Start.
func NewFetcher(cfg FetcherConfig) *Fetcher { return &Fetcher{cfg: cfg.withDefaults()} }

// Start forgets any earlier transfer and asks peer for its newest head.
func (f *Fetcher) Start(now protocol.Time, peer protocol.Peer, out *protocol.Output) {
	*f = Fetcher{cfg: f.cfg, peer: peer, active: true, guess: max(1, f.cfg.Window/2)}
	f.open = append(f.open, &blob{kind: protocol.BlobHead})
	f.progress(now)
	f.fill(out)
}

// WantChunks asks for the chunks from to to-1, which the head that was taken
// needs and the caller lacks. Without any the transfer is done.
func (f *Fetcher) WantChunks(now protocol.Time, from, to uint64, out *protocol.Output) {
	if !f.active || f.wanted {
		return
	}
	f.wanted, f.nextChunk, f.endChunk = true, from, max(from, to)
	f.progress(now)
	f.fill(out)
}

// chunkRange is the chunks from first to end-1.
type chunkRange struct{ first, end uint64 }

// WantAlso asks for further chunks, from to to-1, after those of WantChunks.
func (f *Fetcher) WantAlso(from, to uint64, out *protocol.Output) {
	if !f.active || !f.wanted || from >= to {
		return
	}
	f.also = append(f.also, chunkRange{from, to})
	f.fill(out)
}

// TakeHead hands out the head, once.
func (f *Fetcher) TakeHead() (Blob, bool) {
	if f.head == nil {
		return Blob{}, false
	}
	head := *f.head
	f.head = nil
	return head, true
}

// TakeChunks hands out the chunks that have arrived since it was last called,
// in any order.
func (f *Fetcher) TakeChunks() []Blob {
	chunks := f.ready
	f.ready = nil
	f.tickSoon = f.tickSoon || len(chunks) > 0
	return chunks
}

// Done reports whether everything wanted was taken.
func (f *Fetcher) Done() bool {
	return f.active && f.err == nil && f.wanted && f.nextChunk == f.endChunk && len(f.also) == 0 && len(f.open) == 0 && len(f.ready) == 0
}

// Failed says why the transfer ended without success, nil if it did not.
func (f *Fetcher) Failed() error { return f.err }

// Peer is the peer that was asked.
func (f *Fetcher) Peer() protocol.Peer { return f.peer }

// Step takes a piece.
func (f *Fetcher) Step(now protocol.Time, from protocol.Sender, m *protocol.Piece, out *protocol.Output) {
	b := f.find(from.Peer, m)
	if b == nil || f.err != nil {
		return
	}
	switch {
	case m.Total == 0:
		f.absent(from.Peer, b)
	case !f.begun(from.Peer, b, m):
	case b.add(m):
		f.progress(now)
		if b.complete() {
			f.finish(b)
		}
	}
	f.fill(out)
}

// find returns the blob that a piece is for. Which head is the newest, only the
// peer that was asked may say: others may stand elsewhere.
func (f *Fetcher) find(from protocol.Peer, m *protocol.Piece) *blob {
	for _, b := range f.open {
		if b.kind == m.Kind && (b.number == m.Number || m.Kind == protocol.BlobHead && b.number == 0 && from == f.peer) {
			return b
		}
	}
	return nil
}

// absent hears that the peer does not have the blob. A head may have been
// replaced by a newer one; anything else ends the transfer.
func (f *Fetcher) absent(from protocol.Peer, b *blob) {
	switch {
	case from != f.peer:
	case b.kind == protocol.BlobHead && b.number != 0:
		b.number = 0
		f.restart(b)
	default:
		f.fail(fmt.Errorf("%s has no %s", f.describe(), describeBlob(b)))
	}
}

// begun makes sure that a piece belongs to the blob as its first piece described
// it, and believes no size beyond the limits (rule 11).
func (f *Fetcher) begun(from protocol.Peer, b *blob, m *protocol.Piece) bool {
	if b.total != 0 && b.total == m.Total && b.sum == m.Sum {
		return true
	}
	if limit := f.limit(b.kind); uint64(m.Total) > uint64(limit) {
		if from == f.peer {
			f.fail(fmt.Errorf("%s offers %s of %d bytes, more than %d", f.describe(), describeBlob(b), m.Total, limit))
		}
		return false
	}
	if b.total != 0 {
		if from != f.peer {
			return false
		}
		if f.restart(b); f.err != nil { // the peer's own word counts
			return false
		}
	}
	if !f.fits(b, int(m.Total)) {
		b.asked, f.guess = 0, int(m.Total) // asked for again when there is room
		return false
	}
	asked := b.asked
	b.begin(m)
	b.asked = min(asked, b.total)
	return true
}

func (f *Fetcher) limit(kind protocol.BlobKind) int {
	if kind == protocol.BlobHead {
		return f.cfg.MaxHead
	}
	return f.cfg.MaxChunk
}

// finish believes a complete blob if its checksum is right.
func (f *Fetcher) finish(b *blob) {
	if !b.intact() {
		f.restart(b)
		return
	}
	for i := range f.open {
		if f.open[i] == b {
			f.open = append(f.open[:i], f.open[i+1:]...)
			break
		}
	}
	done := Blob{Number: b.number, Data: b.data}
	if b.kind == protocol.BlobHead {
		f.head = &done
		return
	}
	f.guess = len(b.data)
	f.ready = append(f.ready, done)
}

func (f *Fetcher) restart(b *blob) {
	if b.restart(); b.restarts > maxRestarts {
		f.fail(fmt.Errorf("%s sent no intact %s in %d attempts", f.describe(), describeBlob(b), maxRestarts))
	}
}

func (f *Fetcher) fail(err error) {
	f.err = err
	f.open, f.ready, f.head = nil, nil, nil
}

func (f *Fetcher) describe() string {
	return fmt.Sprintf("snapshot transfer: %s %d", f.peer.Role, f.peer.ID)
}

func describeBlob(b *blob) string {
	if b.kind == protocol.BlobHead {
		return "head"
	}
	return fmt.Sprintf("chunk %d", b.number)
}
