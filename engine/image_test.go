package engine

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"paxos/protocol"
)

// often makes nodes that write images and checkpoints often.
func often(nodes []*testNode) []*testNode {
	for _, n := range nodes {
		n.options.SnapshotBytes, n.options.CheckpointBytes = 64<<10, 64<<10
	}
	return nodes
}

// overwrite proposes so many commands of a KiB, which overwrite each other and do
// not compress.
func overwrite(t *testing.T, n *testNode, count int) {
	t.Helper()
	const callers = 64
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			rng := rand.NewChaCha8([32]byte{byte(caller), byte(count)})
			command := make([]byte, 1024)
			for i := caller; i < count; i += callers {
				rng.Read(command)
				command[0] %= 8
				if _, err := n.Propose(patient(t), command); err != nil {
					t.Errorf("node %d: %v", n.ID(), err)
					return
				}
			}
		})
	}
	all.Wait()
}

// dropped waits until a node has dropped chunks up to an index of the list.
func dropped(t *testing.T, n *testNode, index uint64) {
	t.Helper()
	eventually(t, "chunks are dropped", func() bool { return n.node.Images().Kept*protocol.ChunkEntries >= index })
}

func TestTheDiskHoldsTheStateAndNotTheHistory(t *testing.T) {
	n := often(newNodes(t, 1))[0]
	n.start()
	const count = 12 << 10 // 12 MiB of commands, for a state of 8 KiB
	overwrite(t, n, count)
	dropped(t, n, count-3000)
	n.stop()
	n.start()
	agree(t, []*testNode{n}, count)
	if got := n.machine.restores.Load(); got != 1 {
		t.Errorf("the machine was restored %d times at the start, want once", got)
	}
	if size := n.Status().Store.DatabaseBytes; size > 8<<20 {
		t.Errorf("the database takes %d bytes", size)
	}
}

func TestANodeThatWasAwayForTooLongGetsAnImage(t *testing.T) {
	nodes := often(newNodes(t, 3))
	for _, n := range nodes {
		n.start()
	}
	overwrite(t, nodes[0], 1500)
	agree(t, nodes, 1500)
	away := nodes[2]
	away.stop()
	overwrite(t, nodes[0], 8000)
	dropped(t, nodes[0], 4096)
	dropped(t, nodes[1], 4096)
	away.start()
	agree(t, nodes, 9500)
	if away.node.Images().Kept == 0 || away.machine.restores.Load() < 2 {
		t.Errorf("it has %+v, and its machine was restored %d times", away.node.Images(), away.machine.restores.Load())
	}
	if err := away.Transfer(patient(t), away.ID()); err != nil { // it can lead
		t.Fatal(err)
	}
	overwrite(t, away, 100)
	for _, n := range nodes {
		n.stop()
		n.start()
	}
	agree(t, nodes, 9600)
}

// cutOff keeps a running node away from the others, for a while. Nodes that lag ask
// for the members, and would connect to all of them again: see neverSeek.
func cutOff(nodes []*testNode, lonely *testNode) (heal func()) {
	for _, n := range nodes {
		peers := n.place.peers(n.Members())
		if n == lonely {
			clear(peers)
		}
		delete(peers, lonely.ID())
		n.transport.SetPeers(peers)
	}
	return func() {
		for _, n := range nodes {
			n.transport.SetPeers(n.place.peers(n.Members()))
		}
	}
}

// neverSeek has the nodes of a test never ask for the members.
func neverSeek(t *testing.T) {
	saved := usualPatience
	t.Cleanup(func() { usualPatience = saved })
	usualPatience.seekAfter, usualPatience.seekEvery = time.Hour, time.Hour
}

func TestAnImageIsInstalledInARunningNode(t *testing.T) {
	neverSeek(t)
	nodes := often(newNodes(t, 3))
	for _, n := range nodes {
		n.start()
	}
	overwrite(t, nodes[0], 1500)
	agree(t, nodes, 1500)
	lonely := nodes[2]
	heal := cutOff(nodes, lonely)
	overwrite(t, nodes[0], 8000)
	dropped(t, nodes[0], 4096)
	dropped(t, nodes[1], 4096)
	before := lonely.machine.restores.Load()
	heal()
	agree(t, nodes, 9500)
	if after := lonely.machine.restores.Load(); after == before {
		t.Error("its machine was not restored: nothing was shown")
	}
}

func TestANewMemberBeginsWithAnImage(t *testing.T) {
	nodes := often(newNodes(t, 2))
	for _, n := range nodes {
		n.options.Peers = n.options.Peers[:1]
	}
	first, added := nodes[0], nodes[1]
	first.start()
	overwrite(t, first, 5000)
	dropped(t, first, 2048)
	if err := first.AddMember(patient(t), added.options.Self); err != nil {
		t.Fatal(err)
	}
	added.options.Init, added.options.Join = false, true
	added.start()
	eventually(t, "the new node votes", func() bool {
		return slices.ContainsFunc(added.Members(), func(m Member) bool { return m.ID == added.ID() && m.Voter })
	})
	agree(t, nodes, 5000)
}

func TestASnapshotThatFailsEndsTheEngineAndNothingIsLost(t *testing.T) {
	nodes := often(newNodes(t, 3))
	for _, n := range nodes {
		n.start()
	}
	broken := nodes[1]
	broken.machine.broken.Store(true)
	overwrite(t, nodes[0], 1000)
	<-broken.Failed()
	if err := broken.Stop(); !errors.Is(err, ErrMachine) || !errors.Is(err, errBroken) {
		t.Errorf("it ended with: %v", err)
	}
	if _, err := broken.Propose(patient(t), []byte("x")); !errors.Is(err, ErrNotDone) && !errors.Is(err, ErrUnknown) {
		t.Errorf("a command after that: %v", err)
	}
	overwrite(t, nodes[0], 100)
	broken.start()
	agree(t, nodes, 1100)
}

func TestARestoreThatFailsEndsTheEngine(t *testing.T) {
	n := often(newNodes(t, 1))[0]
	n.start()
	overwrite(t, n, 500)
	eventually(t, "there is an image", func() bool { return n.node.Images().Newest.Index > 0 })
	n.stop()
	good := n.options.Machine
	n.options.Machine = unreadable{}
	e, err := Start(patient(t), n.options)
	if err != nil {
		t.Fatal(err)
	}
	<-e.Failed()
	if err := e.Stop(); !errors.Is(err, ErrMachine) || !errors.Is(err, errBroken) {
		t.Errorf("it ended with: %v", err)
	}
	n.options.Machine = nil
	if _, err := Start(patient(t), n.options); !errors.Is(err, ErrMachine) {
		t.Errorf("a program without a machine: %v", err)
	}
	n.options.Machine = good
	n.start()
	agree(t, []*testNode{n}, 500)
}
