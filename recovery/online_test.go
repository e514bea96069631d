package recovery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paxos/engine"
	"paxos/internal/servers"
	"paxos/protocol"
	"paxos/storage"
)

// busyProgram is a program of three nodes that takes commands until it is stopped.
type busyProgram struct {
	nodes  []program
	acked  [callers]atomic.Uint32
	cancel func()
	busy   sync.WaitGroup
}

func startBusyProgram(t *testing.T) *busyProgram {
	t.Helper()
	peers, err := servers.FreeAddresses(3)
	must(t, err)
	b, dir := &busyProgram{}, t.TempDir()
	for i, self := range peers {
		b.nodes = append(b.nodes, startProgram(t, engine.Options{
			Dir: filepath.Join(dir, fmt.Sprint(i)), Self: self, Peers: peers, Init: true, SnapshotBytes: 48 << 10, CheckpointBytes: 16 << 10,
		}))
	}
	ctx, cancel := context.WithCancel(patient(t))
	b.cancel = cancel
	for caller := range callers {
		b.busy.Go(func() { b.call(ctx, caller) })
	}
	t.Cleanup(b.stop)
	return b
}

// call proposes until ctx ends.
func (b *busyProgram) call(ctx context.Context, caller int) {
	for number := uint32(1); ; number++ {
		if _, err := b.nodes[caller%3].Propose(ctx, order(caller, number)); err != nil {
			return
		}
		b.acked[caller].Store(number)
	}
}

func (b *busyProgram) stop() {
	b.cancel()
	b.busy.Wait()
}

// awaitLength waits until there are images, and chunks dropped.
func (b *busyProgram) awaitLength(t *testing.T) {
	t.Helper()
	for ctx := patient(t); ; {
		if b.nodes[1].View().Length() > 3*protocol.ChunkEntries/2 {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal("in vain: commands are applied")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// acknowledged is what the callers know.
func (b *busyProgram) acknowledged() (acked [callers]uint32) {
	for caller := range acked {
		acked[caller] = b.acked[caller].Load()
	}
	return acked
}

// A backup of a node that runs, made while commands flow, has everything that any node
// had acknowledged before; what comes after it, in order, or not at all.
func TestAProgramIsBackedUpWhileItRunsAndGoesOnElsewhere(t *testing.T) {
	b := startBusyProgram(t)
	b.awaitLength(t)
	file := filepath.Join(t.TempDir(), "backup")
	out, err := os.Create(file)
	must(t, err)
	before := b.acknowledged()
	must(t, b.nodes[1].Backup(patient(t), out))
	must(t, out.Close())
	after := b.acknowledged()
	b.stop()

	source, err := OpenBackup(file)
	must(t, err)
	defer source.Close()
	if source.Images().Newest.Index == 0 || source.Images().Kept == 0 {
		t.Errorf("the backup has the images %+v: nothing was shown", source.Images())
	}
	noVoteOf(t, source)
	address, err := servers.FreeAddresses(1)
	must(t, err)
	dir := filepath.Join(t.TempDir(), "restored")
	foundOn(t, source, dir, address[0])
	noVote(t, dir)
	began := goesOn(t, dir, address[0])
	for caller, last := range began.Last {
		if last < before[caller] || last > after[caller]+1 {
			t.Errorf("caller %d: %d commands, before the backup %d were acknowledged, behind it %d", caller, last, before[caller], after[caller])
		}
	}
}

// noVoteOf holds a source to it that no store of a voter can be made of it.
func noVoteOf(t *testing.T, source Source) {
	t.Helper()
	for id := range protocol.NodeID(3) {
		r := Reissue{Folder: take(t, t.TempDir()), Want: storage.Identity{Cluster: source.Cluster(), Role: protocol.RoleServer, ID: id + 1}, Source: source}
		if err := r.Plan(t.Context(), &Plan{}); err == nil {
			t.Errorf("a store of the voter %d can be made of it", id+1)
		}
		must(t, r.Folder.Close())
	}
}

// noVote holds a new cluster's store to it that it has promised nothing to nobody, and
// voted for nothing.
func noVote(t *testing.T, dir string) {
	t.Helper()
	s, r, err := open(dir, storage.Identity{Cluster: newCluster, Role: protocol.RoleServer, ID: 1}, false)
	must(t, err)
	if !r.Promised.IsZero() || len(r.Votes)+len(r.Pins) != 0 || r.Round != 0 {
		t.Errorf("promise %s, round %d, %d votes, %d pins", r.Promised, r.Round, len(r.Votes), len(r.Pins))
	}
	must(t, s.Close(nil))
}
