package node

import (
	"hash/crc32"
	"testing"

	"paxos/acceptor"
	"paxos/learner"
	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// commands is the value of instance i of a list with one client: the session's
// opening, or each one-byte commands.
func commands(i protocol.Instance, each int) protocol.Value {
	if i == 1 {
		return protocol.Value{}.AppendOpen(protocol.Nonce{1})
	}
	var block []byte
	for range each {
		block = protocol.AppendPayload(block, []byte("x"))
	}
	return protocol.Value{}.AppendRun(protocol.Run{Session: 1, First: protocol.Seq(int(i-2)*each + 1), Count: each, Block: block})
}

func decidedList(from, to protocol.Instance, each int) *protocol.Decided {
	d := &protocol.Decided{Applied: to}
	for i := from; i <= to; i++ {
		d.Decisions = append(d.Decisions, protocol.Decision{Instance: i, Value: commands(i, each)})
	}
	return d
}

func acceptorPeer(id protocol.NodeID) protocol.Sender {
	return protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleAcceptor, ID: id}, Store: protocol.StoreID(id)}
}

func newTestMachine(t *testing.T) *Machine {
	self := acceptorPeer(1)
	q, err := protocol.QuorumOf(3)
	if err != nil {
		t.Fatal(err)
	}
	pins := new(protocol.Pins)
	a, err := acceptor.New(acceptor.Config{Self: self, Pins: pins}, acceptor.Restored{})
	if err != nil {
		t.Fatal(err)
	}
	return NewMachine(self, Parts{
		Acceptor: a, Pins: pins, List: list.New(list.Options{}), Fetcher: learner.NewFetcher(learner.FetcherConfig{}),
		Learner: learner.New(learner.Config{
			Self: self, Quorum: q, Pins: pins, Peers: []protocol.Peer{acceptorPeer(2).Peer, acceptorPeer(3).Peer},
		}, 0, nil),
	})
}

// donor is a peer's list with the snapshot that it offers.
type donor struct {
	through protocol.Instance
	head    []byte
	chunks  map[uint64][]byte
}

func newDonor(through protocol.Instance, each int) donor {
	l := list.New(list.Options{})
	for i := protocol.Instance(1); i <= through; i++ {
		l.Apply(i, commands(i, each), &protocol.Effects{})
	}
	d := donor{through: through, head: l.AppendHead(nil), chunks: map[uint64][]byte{}}
	for _, c := range l.TakeClosed() {
		d.chunks[c.Number] = list.EncodeChunk(nil, c.Raw)
	}
	return d
}

// answer is what the peer that was asked says.
func (d donor) answer(m *Machine, now protocol.Time, s protocol.Send) {
	switch msg := s.Msg.(type) {
	case *protocol.Ask:
		m.Step(now, protocol.Sender{Peer: msg.Target, Store: 5}, &protocol.Trimmed{Trim: d.through, Applied: d.through})
	case *protocol.Fetch:
		data, number := d.head, uint64(d.through)
		if msg.Kind == protocol.BlobChunk {
			data, number = d.chunks[msg.Number], msg.Number
		}
		for _, p := range learner.Pieces(msg.Kind, number, data, crc32.Checksum(data, protocol.Castagnoli), msg, 1400, 48<<10) {
			m.Step(now, protocol.Sender{Peer: msg.Target, Store: 5}, p)
		}
	}
}

// turn does what the loop does with a machine, but for the store.
func turn(m *Machine, now protocol.Time) []protocol.Send {
	m.Tick(now)
	m.Settle(now)
	sends := append([]protocol.Send(nil), m.Output().Now...)
	held := m.Output().TakeHeld()
	m.ResetOutput()
	return append(sends, held.Release()...) // as if the disk took no time
}

// fetchAll drives m, which lacks everything, until its snapshot is on its way to the store.
func fetchAll(t *testing.T, m *Machine, d donor) (*Frozen, protocol.Time) {
	t.Helper()
	now := protocol.Time(1)
	m.Step(now, protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}, Store: 9},
		&protocol.Heartbeat{Ballot: protocol.Ballot{Round: 1, Proposer: 1}, Decided: d.through})
	for range 2000 {
		now += 1e6
		sends := turn(m, now)
		m.TakeChunks()
		if f := m.TakeInstall(now, storage.Position{}); f != nil {
			return f, now
		}
		for _, s := range sends {
			d.answer(m, now, s)
		}
	}
	t.Fatal("the snapshot was not fetched")
	return nil, 0
}

func TestASnapshotIsInstalledBetweenADecisionAndItsApplication(t *testing.T) {
	m := newTestMachine(t)
	f, now := fetchAll(t, m, newDonor(20, 10))
	m.Step(now, acceptorPeer(3), decidedList(1, 3, 10)) // another peer has them in its cache
	if err := m.Installed(now, f); err != nil {
		t.Fatal(err)
	}
	turn(m, now)
	if m.List.Applied() != 20 {
		t.Errorf("the list stands at instance %d; want 20", m.List.Applied())
	}
}

func TestTheLogOvertakesASnapshotThatIsBeingWritten(t *testing.T) {
	m := newTestMachine(t)
	f, now := fetchAll(t, m, newDonor(30, 100)) // 2,900 entries: two chunks
	m.Step(now, acceptorPeer(3), decidedList(1, 31, 100))
	turn(m, now)
	if err := m.Installed(now, f); err != nil {
		t.Fatal(err)
	}
	turn(m, now)
	if m.List.Applied() != 31 || m.List.Length() != 3000 {
		t.Errorf("the list stands at instance %d with %d entries; want 31 and 3000", m.List.Applied(), m.List.Length())
	}
}

func TestAPeerWithoutAnythingNewerIsNotAskedInATightLoop(t *testing.T) {
	m := newTestMachine(t)
	d := newDonor(20, 10)
	d.head = list.New(list.Options{}).AppendHead(nil)
	m.Step(1, protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}, Store: 9},
		&protocol.Heartbeat{Ballot: protocol.Ballot{Round: 1, Proposer: 1}, Decided: 20})
	fetches := 0
	for now := protocol.Time(1e6); now < 1e9; now += 1e6 {
		for _, s := range turn(m, now) {
			if _, ok := s.Msg.(*protocol.Fetch); ok {
				fetches++
			}
			d.answer(m, now, s)
		}
	}
	if fetches == 0 || fetches > 40 {
		t.Errorf("the useless head was asked for %d times in a second; want some, but few", fetches)
	}
}
