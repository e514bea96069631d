package recovery

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
	"paxos/wal"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const oldCluster protocol.ClusterID = 7

// identity is that of a server of the old cluster.
func identity(id protocol.NodeID) storage.Identity {
	return storage.Identity{Cluster: oldCluster, Role: protocol.RoleServer, ID: id}
}

// open opens a server's store.
func open(dir string, want storage.Identity, init bool) (*storage.Store, storage.Restored, error) {
	return storage.Open(storage.Options{Dir: dir, Want: want, Init: init, SegmentBytes: 64 << 10})
}

func member(id int) protocol.Member {
	return protocol.Member{ID: protocol.NodeID(id), Address: fmt.Sprintf("127.0.0.1:%d", id)}
}

// ballot is a leader's.
func ballot(round uint64) protocol.Ballot {
	return protocol.Ballot{Round: round, Proposer: 1, Incarnation: 9}
}

// newList is the list of a new cluster of three.
func newList() *list.State {
	return list.New(list.Options{Members: list.FirstMembers([]protocol.Member{member(1), member(2), member(3)})})
}

// valueOf is the value that instance i decides: the first opens a session, the
// others append 100 entries each.
func valueOf(i protocol.Instance) protocol.Value {
	if i == 1 {
		return protocol.Value(nil).AppendOpen(protocol.Nonce{7})
	}
	run := protocol.Run{Session: 1, First: protocol.Seq((i-2)*100 + 1)}
	for n := range 100 {
		run.Count++
		run.Block = protocol.AppendPayload(run.Block, fmt.Appendf(nil, "%d", int(i-2)*100+n))
	}
	return protocol.Value(nil).AppendRun(run)
}

// makeStore makes the store of a server that has applied instances up to applied in
// its checkpoint, and has votes in its log.
func makeStore(t testing.TB, dir string, id protocol.NodeID, applied protocol.Instance, votes ...protocol.Vote) storage.Identity {
	t.Helper()
	return makeStoreOf(t, dir, id, applied, valueOf, []protocol.Pin{{Acceptor: 3, Store: 33}}, votes...)
}

// makeStoreOf is makeStore of other values and pins.
func makeStoreOf(t testing.TB, dir string, id protocol.NodeID, applied protocol.Instance,
	value func(protocol.Instance) protocol.Value, pins []protocol.Pin, votes ...protocol.Vote) storage.Identity {
	t.Helper()
	s, _, err := open(dir, identity(id), true)
	must(t, err)
	state := newList()
	for i := protocol.Instance(1); i <= applied; i++ {
		state.Apply(i, value(i), &protocol.Effects{})
	}
	c := storage.Checkpoint{
		Covers: s.Covered(), Promised: ballot(1), Round: 1, Pins: pins,
		Applied: applied, Head: state.AppendHead(nil), ChunkCount: state.Length() / protocol.ChunkEntries,
	}
	for _, closed := range state.TakeClosed() {
		c.Chunks = append(c.Chunks, storage.Chunk{Number: closed.Number, Data: list.EncodeChunk(nil, closed.Raw)})
	}
	must(t, s.Checkpoint(c))
	for _, v := range votes {
		var b storage.Batch
		b.Add(&protocol.Voted{Vote: v})
		must(t, s.Commit(&b))
	}
	made := s.Identity()
	must(t, s.Close(nil))
	return made
}

func vote(round uint64, i protocol.Instance) protocol.Vote {
	return protocol.Vote{Ballot: ballot(round), Instance: i, Value: valueOf(i)}
}

// entries are those of the list in a stopped store, read as it stands there.
func entries(t testing.TB, dir string) (all []string) {
	t.Helper()
	s, err := OpenStopped(dir)
	must(t, err)
	defer s.Close()
	must(t, s.Read(0, func(index uint64, payload []byte) error {
		if int(index) != len(all) {
			t.Fatalf("entry %d after %d", index, len(all))
		}
		all = append(all, string(bytes.Clone(payload)))
		return nil
	}))
	return all
}

// mustHave holds a folder to a list of numbers from 0 on.
func mustHave(t testing.TB, dir string, count int) {
	t.Helper()
	all := entries(t, dir)
	for i, e := range all {
		if e != fmt.Sprint(i) {
			t.Fatalf("entry %d is %s", i, e)
		}
	}
	if len(all) != count {
		t.Errorf("%s: %d entries, want %d", filepath.Base(dir), len(all), count)
	}
}

func take(t testing.TB, dir string) *Folder {
	t.Helper()
	f, err := Take(dir)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// damage flips a bit of the first vote in a store's log, with votes behind it.
func damage(t testing.TB, dir string) {
	t.Helper()
	log := filepath.Join(dir, storage.LogName)
	var at wal.Position
	must(t, wal.Inspect(wal.Options{Dir: log}, wal.Position{}, func(f wal.Found) error {
		if f.Kind == wal.KindRecord && f.Type == uint8(protocol.RecordVoted) && at == (wal.Position{}) {
			at = f.At
		}
		return nil
	}))
	file := wal.SegmentPath(log, at.Segment)
	text, err := os.ReadFile(file)
	must(t, err)
	text[at.Offset+9] ^= 4
	must(t, os.WriteFile(file, text, 0o644))
}
