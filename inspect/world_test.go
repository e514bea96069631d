package inspect

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// maker makes a store as a node does, without a node.
type maker struct {
	t     testing.TB
	dir   string
	rng   *rand.Rand
	store *storage.Store
	list  *list.State
	open  []protocol.Vote
	batch storage.Batch
	ses   protocol.SessionID
	seq   protocol.Seq
	size  int // bytes of a payload
}

var testBallot = protocol.Ballot{Round: 3, Proposer: 2, Incarnation: 77}

func newMaker(t testing.TB, dir string, segment int64) *maker {
	t.Helper()
	return newMakerOf(t, dir, 2, segment, 1, 2, 3)
}

// newMakerOf makes the store of server id among voters.
func newMakerOf(t testing.TB, dir string, id protocol.NodeID, segment int64, voters ...protocol.NodeID) *maker {
	t.Helper()
	m := &maker{t: t, dir: dir, rng: rand.New(rand.NewPCG(1, 2)), size: 7}
	var members []protocol.Member
	for _, v := range voters {
		members = append(members, protocol.Member{ID: v, Address: fmt.Sprintf("%c:1", 'a'+rune(v)-1)})
	}
	m.list = list.New(list.Options{Members: list.FirstMembers(members)})
	store, _, err := storage.Open(storage.Options{
		Dir: dir, Init: true, SegmentBytes: segment, Want: storage.Identity{Cluster: 7, Role: protocol.RoleServer, ID: id},
	})
	must(t, err)
	m.store = store
	m.commit(&protocol.Promised{Ballot: testBallot}, &protocol.Round{Round: 3}, &protocol.Pinned{Pin: protocol.Pin{Acceptor: 1, Store: 9}})
	m.decide(protocol.Value(nil).AppendOpen(protocol.Nonce{1}))
	return m
}

func (m *maker) commit(records ...protocol.Record) {
	m.t.Helper()
	m.batch.Reset()
	for _, r := range records {
		m.batch.Add(r)
	}
	must(m.t, m.store.Commit(&m.batch))
}

// vote votes for a value of so many commands, which is not decided yet.
func (m *maker) vote(v protocol.Value) protocol.Vote {
	m.t.Helper()
	vote := protocol.Vote{Ballot: testBallot, Instance: m.list.Applied() + 1 + protocol.Instance(len(m.open)), Value: v}
	m.commit(&protocol.Voted{Vote: vote})
	m.open = append(m.open, vote)
	return vote
}

// decide votes for a value, and applies it.
func (m *maker) decide(v protocol.Value) {
	m.t.Helper()
	m.vote(v)
	var e protocol.Effects
	m.list.Apply(m.list.Applied()+1, v, &e)
	m.open = m.open[1:]
	for _, o := range e.Opened {
		m.ses = o.Session
	}
}

// values is a value of n commands of random bytes.
func (m *maker) values(n int) protocol.Value {
	var block []byte
	for range n {
		payload := make([]byte, m.size)
		for i := range payload {
			payload[i] = byte(m.rng.Uint32())
		}
		block = protocol.AppendPayload(block, payload)
	}
	r := protocol.Run{Session: m.ses, First: m.seq + 1, Count: n, Block: block}
	m.seq += protocol.Seq(n)
	return protocol.Value(nil).AppendRun(r)
}

// checkpoint writes what is applied to the database.
func (m *maker) checkpoint() {
	m.t.Helper()
	c := storage.Checkpoint{
		Covers: m.store.Covered(), Promised: testBallot, Round: 3, Pins: []protocol.Pin{{Acceptor: 1, Store: 9}},
		Votes: m.open, Applied: m.list.Applied(), Head: m.list.AppendHead(nil), ChunkCount: m.list.Length() / protocol.ChunkEntries,
	}
	for _, chunk := range m.list.TakeClosed() {
		c.Chunks = append(c.Chunks, storage.Chunk{Number: chunk.Number, Data: list.EncodeChunk(nil, chunk.Raw)})
	}
	must(m.t, m.store.Checkpoint(c))
	m.list.Checkpointed(c.ChunkCount)
}

// close closes the store in order, without a last checkpoint.
func (m *maker) close() { must(m.t, m.store.Close(nil)) }

// smallStore is a closed store that has some of everything: chunks, a tail, votes in
// the checkpoint and behind it, several segments.
func smallStore(t testing.TB, dir string) *maker {
	t.Helper()
	m := newMaker(t, dir, 8<<10)
	for range 33 {
		m.decide(m.values(100))
	}
	m.vote(m.values(3))
	m.checkpoint()
	for range 3 {
		m.vote(m.values(150))
	}
	m.checkpoint()
	for range 12 {
		m.vote(m.values(150))
	}
	m.vote(nil)
	m.close()
	return m
}

// findings verifies a folder.
func findings(t testing.TB, dir string) (found []Finding, sum Summary) {
	t.Helper()
	f, err := Open(dir, Options{})
	must(t, err)
	defer f.Close()
	sum, err = f.Verify(t.Context(), func(x Finding) { found = append(found, x) })
	must(t, err)
	return found, sum
}

// contents is every file of a folder.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			var data []byte
			data, err = os.ReadFile(path)
			files[path] = fmt.Sprint(len(data), string(data))
		}
		return err
	}))
	return files
}
