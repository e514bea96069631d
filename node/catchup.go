package node

import (
	"fmt"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// installation is a snapshot on its way from a peer into our store.
type installation struct {
	transfer uint64        // numbers the attempts
	retryAt  protocol.Time // when the next attempt may start
	under    bool          // under way
	head     []byte        // the list's head, once it is here whole
	applied  protocol.Instance
	length   uint64
	image    *storage.Image // that stands for the list's front; nil: chunks do
	writing  bool           // everything is with the store
}

// catchUp moves a snapshot transfer forward: it starts one where the log that
// we lack is gone, and says which chunks are needed once the head is here.
func (m *Machine) catchUp(now protocol.Time) {
	if m.install.under && !m.install.writing && m.Fetcher.Failed() != nil {
		m.endInstall(now)
	}
	if peer, _, behind := m.Learner.Behind(); behind && !m.install.under && now >= m.install.retryAt {
		m.install = installation{transfer: m.install.transfer + 1, under: true}
		m.Fetcher.Start(now, peer, &m.out)
	}
	if head, ok := m.Fetcher.TakeHead(); ok {
		m.takeHead(now, head.Data)
	}
}

func (m *Machine) takeHead(now protocol.Time, data []byte) {
	head, images, found := splitTrailer(data)
	applied, length, err := list.PeekHead(head)
	if err != nil || applied <= m.List.Applied() {
		m.endInstall(now) // useless
		return
	}
	if found {
		if err := images.check(length / protocol.ChunkEntries); err != nil {
			m.endInstall(now)
			m.useless = err
			return
		}
	}
	m.install.head, m.install.applied, m.install.length = head, applied, length
	have := m.List.Length() / protocol.ChunkEntries
	need := length / protocol.ChunkEntries
	switch {
	case !m.keepsEntries():
		have = need
	case have < images.Kept && !m.Images:
		m.endInstall(now)
		m.install.retryAt = now.Add(uselessPause)
		m.useless = fmt.Errorf("the chunks below %d are dropped at the peer, which has an image of a state machine in their place: "+
			"this server keeps the whole list, and has no machine; start it with the same program as the others", images.Kept)
		return
	case have < images.Kept:
		m.takeImage(now, images.Image, need, mostEntries(applied, m.mayBeDecided(), length))
		return
	}
	m.Fetcher.WantChunks(now, have, need, &m.out)
}

// mayBeDecided is up to where instances can be decided, as far as is known here. A node
// that was elected while its list is behind hears of no watermark but its own, so what its
// promises report counts, too: the image that it needs may stand for all of that.
func (m *Machine) mayBeDecided() protocol.Instance {
	if m.Proposer == nil {
		return m.Learner.Watermark()
	}
	return max(m.Learner.Watermark(), m.Proposer.Reported())
}

// takeImage asks for the image, unless it stands for more than most entries: it would have
// the machine skip what comes next. Where only the peer has heard yet that so much was
// decided, the next attempt goes on.
func (m *Machine) takeImage(now protocol.Time, image storage.Image, chunks, most uint64) {
	if image.Index > most {
		m.endInstall(now)
		m.useless = fmt.Errorf("a head with an image of %d entries: with all that is known here to be decided there are at most %d", image.Index, most)
		return
	}
	m.wantImage(now, image, chunks)
}

// wantImage asks for the image, and for the chunks of a list of so many behind it.
func (m *Machine) wantImage(now protocol.Time, image storage.Image, chunks uint64) {
	m.install.image = &image
	first := pieceNumber(image.Generation, 0)
	m.Fetcher.WantChunks(now, first, first+uint64(image.Pieces), &m.out)
	m.Fetcher.WantAlso(image.Index/protocol.ChunkEntries, chunks, &m.out)
}

// TakeChunks takes out fetched chunks; they are true whatever becomes of the
// transfer, so they may be stored at once. With them come the pieces of an image,
// which are worth something only together.
func (m *Machine) TakeChunks() (chunks []storage.Chunk, pieces []storage.Piece) {
	for _, b := range m.Fetcher.TakeChunks() {
		if _, number, ok := pieceOf(b.Number); ok {
			pieces = append(pieces, storage.Piece{Number: number, Data: b.Data})
		} else {
			chunks = append(chunks, storage.Chunk{Number: b.Number, Data: b.Data})
		}
	}
	return chunks, pieces
}

// TakeInstall returns the checkpoint that installs the fetched head, once all
// of its chunks have been taken. The state goes on in the meantime: what it
// promises and votes after this view is in the log behind covers.
func (m *Machine) TakeInstall(now protocol.Time, covers storage.Position) *Frozen {
	in := &m.install
	if in.head == nil || in.writing || !m.Fetcher.Done() {
		return nil
	}
	if in.applied <= m.List.Applied() { // overtaken by the log
		m.endInstall(now)
		return nil
	}
	f := &Frozen{Checkpoint: m.durableState(covers), Closed: m.List.TakeClosed(), length: in.length}
	f.Checkpoint.Applied, f.Checkpoint.Head, f.image = in.applied, in.head, in.image
	f.Checkpoint.ChunkCount = m.chunkCount(in.length)
	if m.Acceptor != nil {
		f.Checkpoint.Votes = m.Acceptor.VotesAbove(in.applied)
	}
	in.writing = true
	return f
}

// Installed is told when f, made by TakeInstall, is durable.
func (m *Machine) Installed(now protocol.Time, f *Frozen) error {
	defer m.endInstall(now)
	m.applyAll(now) // what was delivered before must be applied before
	applied := f.Checkpoint.Applied
	if applied > m.List.Applied() {
		if err := m.List.Restore(f.Checkpoint.Head); err != nil {
			return fmt.Errorf("install the snapshot of instance %d: %w", applied, err)
		}
		m.configure(now)
		m.Learner.Applied(applied)
		m.Learner.Advance(applied)
		if m.Acceptor != nil {
			m.Acceptor.Learned(applied)
		}
		if m.Proposer != nil {
			m.Proposer.Applied(now, applied, nil, &m.out)
		}
		if m.desk != nil {
			m.desk.caughtUp(now)
		}
		if m.watch.Installed != nil {
			m.watch.Installed(applied)
		}
	}
	m.Checkpointed(f)
	return nil
}

// Useless is told when what was fetched turned out to be of no use.
func (m *Machine) Useless(now protocol.Time, transfer uint64) {
	if m.install.transfer == transfer {
		m.endInstall(now)
	}
}

// Transfer numbers the snapshot transfer that is under way.
func (m *Machine) Transfer() uint64 { return m.install.transfer }

// fetchPause is the wait after a transfer, whatever came of it: a peer that has
// nothing newer must not be asked in a tight loop.
const fetchPause = 50 * time.Millisecond

// uselessPause is the wait where no peer is likely ever to have what would do.
const uselessPause = 30 * time.Second

// TakeUseless returns, once, why what was fetched is of no use to this process as it
// was started; somebody must be told.
func (m *Machine) TakeUseless() error {
	err := m.useless
	m.useless = nil
	return err
}

func (m *Machine) endInstall(now protocol.Time) {
	m.install = installation{transfer: m.install.transfer, retryAt: now.Add(fetchPause)}
}

// catchUpDeadline is when a transfer may start that is due.
func (m *Machine) catchUpDeadline() (protocol.Time, bool) {
	_, _, behind := m.Learner.Behind()
	return m.install.retryAt, behind && !m.install.under
}
