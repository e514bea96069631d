package node

import (
	"paxos/internal/histogram"
	"paxos/protocol"
	"paxos/vfs"
)

// meter measures what a process does, for monitoring. Nothing that the process
// decides depends on it. It costs a few atomic additions for a group of records, a
// value or a checkpoint, and nothing for a command; it takes the time from the
// process's own clock. A nil meter measures nothing.
//
// The histograms may be looked at by anybody; the other fields belong to the loop.
type meter struct {
	clock func() protocol.Time

	syncs       *histogram.Fixed // nanoseconds
	records     *histogram.Fixed // in a group commit
	bytes       *histogram.Fixed // of these
	commits     *histogram.Fixed // nanoseconds; nil where nothing is proposed
	commands    *histogram.Fixed // in a value
	checkpoints *histogram.Fixed // nanoseconds

	proposed []proposal // the last ones, by instance

	leader             protocol.Ballot // of the last heartbeat
	leaderAt           protocol.Time   // when that was; 0: there was none
	leaders            uint64          // how often the leader was another one
	installed, useless uint64          // snapshots of peers
}

// proposal is when an instance's value was first sent to the acceptors.
type proposal struct {
	instance protocol.Instance
	at       protocol.Time
}

// proposals is how many values under way have their time taken: more than the
// window has room for, unless they are tiny. What is beyond goes unmeasured.
const proposals = 1024

const (
	microsecond = 1_000
	millisecond = 1_000 * microsecond
	second      = 1_000 * millisecond
)

func newMeter(clock func() protocol.Time) *meter {
	return &meter{
		clock:       clock,
		syncs:       histogram.NewFixed(histogram.Steps(10*microsecond, 10*second)),
		records:     histogram.NewFixed(histogram.Steps(1, 10_000)),
		bytes:       histogram.NewFixed(histogram.Steps(100, 1_000_000)),
		commands:    histogram.NewFixed(histogram.Steps(1, 10_000)),
		checkpoints: histogram.NewFixed(histogram.Steps(millisecond, 100*second)),
	}
}

// measureCommits prepares for a proposer.
func (m *meter) measureCommits() {
	m.proposed = make([]proposal, proposals)
	m.commits = histogram.NewFixed(histogram.Steps(10*microsecond, 10*second))
}

// sync syncs a file of the log, in the place of File.Sync.
func (m *meter) sync(f vfs.File) error {
	began := m.clock()
	err := f.Sync()
	m.syncs.Add(since(began, m.clock()))
	return err
}

// since is a time span in nanoseconds, not below 0.
func since(began, now protocol.Time) uint64 { return uint64(max(now.Sub(began), 0)) }

// committed is told of a group of records that is durable.
func (m *meter) committed(records, bytes int) {
	if m == nil {
		return
	}
	m.records.Add(uint64(records))
	m.bytes.Add(uint64(bytes))
}

// begin is the time, for checkpointed.
func (m *meter) begin() protocol.Time {
	if m == nil {
		return 0
	}
	return m.clock()
}

// checkpointed is told that a checkpoint that began then is written.
func (m *meter) checkpointed(began protocol.Time) {
	if m != nil {
		m.checkpoints.Add(since(began, m.clock()))
	}
}

// said is told of each message that leaves at once.
func (m *meter) said(now protocol.Time, msg protocol.Message) {
	if m == nil {
		return
	}
	switch msg := msg.(type) {
	case *protocol.Accept:
		if p := m.proposal(msg.Instance); p != nil && p.instance != msg.Instance {
			*p = proposal{msg.Instance, now}
		}
	case *protocol.Heartbeat:
		m.heard(now, msg.Ballot)
	}
}

func (m *meter) proposal(i protocol.Instance) *proposal {
	if m.proposed == nil {
		return nil
	}
	return &m.proposed[i%proposals]
}

// applied is told of each value that was applied, with so many new entries of the
// list.
func (m *meter) applied(now protocol.Time, i protocol.Instance, commands uint64) {
	if m == nil {
		return
	}
	m.commands.Add(commands)
	if p := m.proposal(i); p != nil && p.instance == i {
		m.commits.Add(since(p.at, now))
	}
}

// heard is told of each heartbeat, the own ones too.
func (m *meter) heard(now protocol.Time, leader protocol.Ballot) {
	if m == nil {
		return
	}
	if leader != m.leader {
		m.leader = leader
		m.leaders++
	}
	m.leaderAt = max(now, 1)
}
