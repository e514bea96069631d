package engine

import (
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"paxos/protocol"
	"paxos/storage"
)

// withoutFounders makes the store of a start that was interrupted before the store
// knew the first members, as earlier versions could leave it.
func withoutFounders(t *testing.T, n *testNode, cluster protocol.ClusterID, id NodeID) {
	t.Helper()
	s, _, err := storage.Open(storage.Options{
		Dir: n.options.Dir, Init: true, Want: storage.Identity{Cluster: cluster, Role: protocol.RoleServer, ID: id},
	})
	if err == nil {
		err = s.Close(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Rules 4 and 13: the peers of a node that joins are only whom to ask. Taken for the
// founders, one of them would be a majority, and an acknowledged command could be lost.
func TestANodeNeverTakesItsPeersForTheFounders(t *testing.T) {
	nodes := newNodes(t, 4)
	first, added := nodes[:3], nodes[3]
	for _, n := range nodes {
		n.options.Peers = n.options.Peers[:3]
	}
	for _, n := range first {
		n.start()
	}
	if err := first[0].AddMember(patient(t), added.options.Self); err != nil {
		t.Fatal(err)
	}
	withoutFounders(t, added, first[0].Status().Cluster, 4)
	added.options.Peers = added.options.Peers[:1]
	for _, join := range []bool{true, false} {
		added.options.Init, added.options.Join = !join, join
		if err := added.tryStart(); !errors.Is(err, storage.ErrNotFormatted) {
			t.Fatalf("join %v: a store that does not know its founders: %v, want %v", join, err, storage.ErrNotFormatted)
		}
	}
	if err := os.RemoveAll(added.options.Dir); err != nil { // as the error says
		t.Fatal(err)
	}
	added.options.Init, added.options.Join = false, true
	added.start()
	if got, want := added.Status().First, first[0].Status().First; !slices.Equal(got, want) {
		t.Errorf("founders %v, want %v", got, want)
	}
}

// Peers may be left out once there is a store: a founder is not alone then.
func TestAFounderIsNotAloneBecauseItsPeersAreLeftOut(t *testing.T) {
	n := newNodes(t, 3)[0]
	withoutFounders(t, n, 7, 1)
	n.options.Peers = nil
	if err := n.tryStart(); !errors.Is(err, storage.ErrNotFormatted) {
		t.Errorf("a store that does not know its founders: %v, want %v", err, storage.ErrNotFormatted)
	}
}

// Rule 10: a member that votes has a store somewhere, with promises in it.
func TestAMemberThatVotesDoesNotJoinWithoutItsStore(t *testing.T) {
	nodes := newNodes(t, 3)
	for _, n := range nodes {
		n.start()
	}
	propose(t, nodes[0], "a")
	nodes[2].stop()
	if err := os.RemoveAll(nodes[2].options.Dir); err != nil {
		t.Fatal(err)
	}
	nodes[2].options.Init, nodes[2].options.Join = false, true
	if err := nodes[2].tryStart(); !errors.Is(err, storage.ErrNotFormatted) || !strings.Contains(err.Error(), "votes already") {
		t.Errorf("it votes, and its store is gone: %v, want %v", err, storage.ErrNotFormatted)
	}
	if _, err := storage.ReadIdentity(nodes[2].options.Dir); !errors.Is(err, storage.ErrNotFormatted) {
		t.Errorf("a store was made: %v", err)
	}
}

// Rule 10: two processes must not speak as one member. The others could not tell them
// apart, for the store is the one that they know.
func TestAStoreIsRefusedInThePlaceOfAnotherMember(t *testing.T) {
	nodes := startCluster(t, 3)
	propose(t, nodes[0], "a")
	for _, n := range nodes[:2] {
		n.stop()
	}
	copied := &testNode{t: t, machine: &registers{}, options: nodes[1].options}
	copied.options.Dir = nodes[0].options.Dir
	for _, init := range []bool{true, false} {
		if copied.options.Init = init; !errors.Is(copied.tryStart(), storage.ErrForeign) {
			t.Fatalf("init %v: the store of node 1 was taken at the address of node 2", init)
		}
	}
	// The right place by another name is taken.
	_, port, err := net.SplitHostPort(nodes[0].options.Self)
	if err != nil {
		t.Fatal(err)
	}
	nodes[0].options.Self = net.JoinHostPort("localhost", port)
	nodes[0].start()
	propose(t, nodes[0], "b")
}

func TestWhatHelpsIsSaidOnlyWhereItDoes(t *testing.T) {
	n := newNodes(t, 1)[0]
	taken, err := net.Listen("tcp", n.options.Self)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := Start(patient(t), n.options); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("the port is taken: %v", err)
	}
	if hint := listenHint(&net.DNSError{Err: "no such host", Name: "n1"}); hint != "" {
		t.Errorf("there is no such host: %q", hint)
	}
}
