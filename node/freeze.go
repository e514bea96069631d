package node

import (
	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// Frozen is a view of a machine's state that a background goroutine may write
// down while the machine goes on.
type Frozen struct {
	Checkpoint storage.Checkpoint // complete but for its chunks
	Closed     []list.Chunk       // to be compressed into them
	length     uint64             // of the list that it stands for
	image      *storage.Image     // that the peer's chunks begin behind; nil: there is none
}

// chunks is how many chunks are durable once f is.
func (f *Frozen) chunks() uint64 { return f.length / protocol.ChunkEntries }

// Pending is how many bytes of values were applied since the last freeze.
func (m *Machine) Pending() uint64 { return m.applied }

// Logged is how many bytes of records were logged since the last freeze: more
// than what is pending when leaders change, for each of them has everything
// above the trim points accepted again.
func (m *Machine) Logged() uint64 { return m.logged }

// Freeze takes a view of the state. covers is the end of what is durable in
// the log right now: the state reflects at least that, so replay may start there.
func (m *Machine) Freeze(covers storage.Position) *Frozen {
	m.applied, m.logged = 0, 0
	f := &Frozen{Checkpoint: m.durableState(covers), Closed: m.List.TakeClosed(), length: m.List.Length()}
	f.Checkpoint.Applied = m.List.Applied()
	f.Checkpoint.Head = m.List.AppendHead(make([]byte, 0, m.headSize+m.headSize/8))
	m.headSize = len(f.Checkpoint.Head)
	f.Checkpoint.ChunkCount = m.chunkCount(f.length)
	if m.Acceptor != nil {
		f.Checkpoint.Votes = m.Acceptor.VotesAbove(f.Checkpoint.Applied)
	}
	return f
}

// chunkCount is how many chunks the head of a list of so many entries needs.
func (m *Machine) chunkCount(length uint64) uint64 {
	if !m.keepsEntries() {
		return 0
	}
	return length / protocol.ChunkEntries
}

// keepsEntries reports whether the list is kept, or only its sessions and members:
// those are all that a proposer needs.
func (m *Machine) keepsEntries() bool { return !m.SessionsOnly }

// durableState is what a checkpoint holds beside the list and the votes.
func (m *Machine) durableState(covers storage.Position) storage.Checkpoint {
	c := storage.Checkpoint{Covers: covers, Round: m.Round, Pins: m.Pins.List()}
	if m.Acceptor != nil {
		c.Promised = m.Acceptor.Promised()
	}
	return c
}

// Checkpointed is told when f is durable. Only now may the votes up to it be
// forgotten (rule 7).
func (m *Machine) Checkpointed(f *Frozen) {
	applied := f.Checkpoint.Applied
	m.checkpoint = applied
	m.List.Checkpointed(f.chunks())
	m.List.Recycle(f.Closed)
	f.Closed = nil
	m.Learner.Checkpointed(applied)
	if m.Acceptor != nil {
		m.Acceptor.Trim(applied)
	}
	if m.watch.Checkpointed != nil {
		m.watch.Checkpointed(applied)
	}
}
