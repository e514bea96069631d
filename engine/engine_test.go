package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"paxos/server"
	"paxos/storage"
)

// The list servers are the engine without a machine.
var _ server.Engine = (*Engine)(nil)

func TestEveryNodeAppliesEveryCommandOnceInOneOrder(t *testing.T) {
	nodes := startCluster(t, 3)
	const callers, each = 12, 20
	seen := make(map[uint64]bool)
	var mu sync.Mutex
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for n := range each {
				result, err := nodes[(caller+n)%3].Propose(patient(t), fmt.Appendf(nil, "%c%d", 'a'+caller, n))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[result.(uint64)] {
					t.Errorf("two commands were both the %d-th", result)
				}
				seen[result.(uint64)] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
	agree(t, nodes, callers*each)
}

func TestWhoReadsSeesWhatWasAcknowledgedAnywhere(t *testing.T) {
	nodes := startCluster(t, 3)
	for n := range 30 {
		want := fmt.Sprintf("x%d", n)
		propose(t, nodes[n%3], want)
		if got := look(t, nodes[(n+1)%3]).Values['x']; string(got) != want {
			t.Fatalf("read %q, acknowledged was %q", got, want)
		}
	}
}

func TestASlowMachineHoldsUpNobodyElse(t *testing.T) {
	nodes := newNodes(t, 3)
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	nodes[0].machine.before = func([]byte) { <-hold }
	for _, n := range nodes {
		n.start()
	}
	if err := nodes[1].Transfer(patient(t), nodes[0].ID()); err != nil { // it even leads
		t.Fatal(err)
	}
	const count = 3000 // more than memory keeps, when each is long
	for range count / 100 {
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() { propose(t, nodes[1+i%2], fmt.Sprintf("k%01000d", i)) })
		}
		all.Wait()
	}
	agree(t, nodes[1:], count)
	ctx, cancel := context.WithTimeout(patient(t), 10*time.Millisecond)
	defer cancel()
	if err := nodes[0].Read(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnknown) {
		t.Errorf("a read of a machine that hangs: %v", err)
	}
	if err := unknown(t, nodes[0], "z"); !errors.Is(err, ErrUnknown) {
		t.Errorf("a command at a machine that hangs: %v", err)
	}
	release()
	propose(t, nodes[0], "last")
	agree(t, nodes, look(t, nodes[1]).Count)
}

func TestErrorsTellWhetherACommandMayBeDone(t *testing.T) {
	nodes := startCluster(t, 3)
	propose(t, nodes[0], "a")
	if _, err := nodes[0].Propose(patient(t), make([]byte, 1<<20)); !errors.Is(err, ErrNotDone) || !errors.Is(err, ErrTooLong) {
		t.Errorf("a command that is too long: %v", err)
	}
	nodes[1].stop()
	nodes[2].stop()
	err := unknown(t, nodes[0], "b")
	if !errors.Is(err, ErrUnknown) || errors.Is(err, ErrNotDone) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without a majority: %v", err)
	}
	gone, cancel := context.WithCancel(patient(t))
	cancel()
	if _, err := nodes[0].Propose(gone, []byte("c")); errors.Is(err, ErrUnknown) == errors.Is(err, ErrNotDone) {
		t.Errorf("one of the two it must be: %v", err)
	}
	hanging := make(chan error)
	go func() {
		_, err := nodes[0].Propose(patient(t), []byte("d"))
		hanging <- err
	}()
	eventually(t, "the command waits", func() bool { return nodes[0].Status().Waiting > 0 })
	nodes[0].stop()
	if err := <-hanging; errors.Is(err, ErrUnknown) == errors.Is(err, ErrNotDone) || !errors.Is(err, ErrStopped) {
		t.Errorf("stopped on the way: %v", err)
	}
	if _, err := nodes[0].Propose(patient(t), []byte("e")); !errors.Is(err, ErrNotDone) && !errors.Is(err, ErrUnknown) {
		t.Errorf("after the end: %v", err)
	}
	if err := nodes[0].Read(patient(t)); err == nil {
		t.Error("a read after the end")
	}
}

func TestANodeThatStartsAgainHasAllCommands(t *testing.T) {
	nodes := startCluster(t, 3)
	for i := range 50 {
		propose(t, nodes[i%3], fmt.Sprintf("%c", 'a'+i))
	}
	for _, n := range nodes {
		n.stop()
	}
	for _, n := range nodes {
		n.options.Init = false
		n.start()
	}
	agree(t, nodes, 50)
}

func TestWithoutInitThereMustBeAStore(t *testing.T) {
	n := newNodes(t, 1)[0]
	n.options.Init = false
	if err := n.tryStart(); !errors.Is(err, storage.ErrNotFormatted) {
		t.Errorf("an empty folder: %v", err)
	}
	n.options.Self = "127.0.0.1:1"
	if err := n.tryStart(); !errors.Is(err, ErrPlace) {
		t.Errorf("none of the peers: %v", err)
	}
}

func TestWhoWatchesHearsWhoLeads(t *testing.T) {
	nodes := startCluster(t, 3)
	ctx, cancel := context.WithCancel(patient(t))
	news := nodes[0].WatchLeader(ctx)
	// heard reports whether the news come soon.
	heard := func(id NodeID) bool {
		for soon := time.After(time.Second); ; {
			select {
			case l := <-news:
				if l.ID == id && l.Leads == (id == nodes[0].ID()) {
					return true
				}
			case <-soon:
				return false
			}
		}
	}
	for _, to := range []NodeID{2, 1, 3} {
		// On a busy machine it may have led and lost before anybody looked.
		eventually(t, fmt.Sprintf("the news that node %d leads", to), func() bool {
			if err := nodes[0].Transfer(patient(t), to); err != nil {
				t.Fatal(err)
			}
			return heard(to)
		})
	}
	cancel()
	eventually(t, "the channel is closed", func() bool {
		select {
		case _, open := <-news:
			return !open
		default:
			return false
		}
	})
	last := nodes[1].WatchLeader(patient(t))
	nodes[1].stop()
	eventually(t, "the channel ends with the engine", func() bool { _, open := <-last; return !open })
}

func TestMembersComeAndGo(t *testing.T) {
	nodes := newNodes(t, 4)
	first := nodes[:3]
	for _, n := range nodes {
		n.options.Peers = n.options.Peers[:3]
	}
	for _, n := range first {
		n.start()
	}
	propose(t, first[0], "a")
	added := nodes[3]
	added.options.Init, added.options.Join = false, true
	if err := first[1].AddMember(patient(t), added.options.Self); err != nil {
		t.Fatal(err)
	}
	added.start()
	eventually(t, "the new node votes", func() bool {
		return slices.ContainsFunc(added.Members(), func(m Member) bool { return m.ID == added.ID() && m.Voter })
	})
	if err := added.RemoveMember(patient(t), 1); err != nil {
		t.Fatal(err)
	}
	first[0].stop()
	propose(t, added, "b")
	agree(t, []*testNode{first[1], first[2], added}, 2)
	added.stop() // its next start needs its folder only
	added.options.Join, added.options.Peers = false, added.options.Peers[1:2]
	added.start()
	agree(t, []*testNode{first[1], first[2], added}, 2)
}

func TestAStrangerCannotJoin(t *testing.T) {
	nodes := newNodes(t, 2)
	for _, n := range nodes {
		n.options.Peers = n.options.Peers[:1]
	}
	nodes[0].start()
	saved := usualPatience
	usualPatience.join = time.Second
	defer func() { usualPatience = saved }()
	nodes[1].options.Init, nodes[1].options.Join = false, true
	if err := nodes[1].tryStart(); !errors.Is(err, ErrPlace) {
		t.Errorf("nobody has added it: %v", err)
	}
}

func TestOneServerForTheProgramAndItsPeers(t *testing.T) {
	nodes := newNodes(t, 3)
	for _, n := range nodes {
		n.options.Mount = true
		n.start()
		mux := http.NewServeMux()
		mux.Handle(PeerPath, n.PeerHandler())
		s := &http.Server{Addr: n.options.Self, Handler: mux}
		go s.ListenAndServe()
		t.Cleanup(func() { s.Close() })
	}
	propose(t, nodes[0], "a")
	agree(t, nodes, 1)
}

func TestTheListIsTheStateWhereThereIsNoMachine(t *testing.T) {
	n := newNodes(t, 1)[0]
	e, err := Start(patient(t), n.options)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	for want := range uint64(3) {
		if index, err := e.Propose(patient(t), []byte("x")); err != nil || index != want {
			t.Fatalf("proposed: %v, %v; want index %d", index, err, want)
		}
	}
	if err := e.Read(patient(t)); err != nil || e.View().Length() != 3 {
		t.Errorf("read: %v; the list has %d entries", err, e.View().Length())
	}
}
