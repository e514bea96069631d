package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/list"
	"paxos/protocol"
	"paxos/transport/memory"
)

var everything = []protocol.Group{protocol.GroupClients, protocol.GroupProposers, protocol.GroupAcceptors, protocol.GroupLearners}

// startServer starts list server id of a test cluster.
func (c *testCluster) startServer(id protocol.NodeID) *Server {
	c.t.Helper()
	o := c.options(protocol.RoleServer, id)
	o.Transport = c.net.Join(everything...)
	s, err := StartServer(o)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { s.Stop() })
	return s
}

func (c *testCluster) startServers() []*Server {
	var all []*Server
	for _, id := range c.quorum.Members() {
		all = append(all, c.startServer(id))
	}
	return all
}

func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func texts(values ...string) [][]byte {
	var p [][]byte
	for _, v := range values {
		p = append(p, []byte(v))
	}
	return p
}

// entriesOf reads the whole list of a server as it stands there.
func entriesOf(t *testing.T, s *Server) (all []string) {
	t.Helper()
	err := s.View().Read(0, s, func(first uint64, count int, block []byte) error {
		for _, p := range list.Entries(first, block) {
			all = append(all, string(p))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryServerAppendsAndSeesWhatWasAppended(t *testing.T) {
	servers := newTestCluster(t, 3).startServers()
	for n := range 9 {
		s := servers[n%3]
		placed, err := s.Append(patient(t), texts(fmt.Sprint(n)))
		if err != nil || len(placed) != 1 || placed[0].Index != uint64(n) {
			t.Fatalf("append %d: %v, %v", n, placed, err)
		}
		if got := entriesOf(t, s); len(got) != n+1 || got[n] != fmt.Sprint(n) {
			t.Fatalf("after append %d its server has %q", n, got)
		}
	}
	for i, s := range servers {
		if err := s.Barrier(patient(t)); err != nil {
			t.Fatal(err)
		}
		if got := entriesOf(t, s); len(got) != 9 {
			t.Errorf("behind a barrier server %d has %q", i+1, got)
		}
	}
}

// Exactly once, and each at the place that was told, with many callers, batches
// of all sizes, loss and duplicates.
func TestManyCallersUnderLoss(t *testing.T) {
	for _, loss := range []float64{0, 0.1} {
		t.Run(fmt.Sprint("loss ", loss), func(t *testing.T) {
			c := newTestCluster(t, 3)
			c.net.SetFaults(memory.Faults{Loss: loss, Duplicate: loss})
			servers := c.startServers()
			want := map[uint64]string{}
			var mu sync.Mutex
			var callers sync.WaitGroup
			for caller := range 16 {
				callers.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(caller), 1))
					for n := range 20 {
						var batch []string
						for i := range 1 + rng.IntN(40) {
							batch = append(batch, fmt.Sprintf("%d.%d.%d", caller, n, i))
						}
						placed, err := servers[rng.IntN(3)].Append(patient(t), texts(batch...))
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						for i, p := range placed {
							want[p.Index] = batch[i]
						}
						mu.Unlock()
					}
				})
			}
			callers.Wait()
			for i, s := range servers {
				if err := s.Barrier(patient(t)); err != nil {
					t.Fatal(err)
				}
				got := entriesOf(t, s)
				if len(got) != len(want) {
					t.Errorf("server %d has %d entries, %d were appended", i+1, len(got), len(want))
				}
				for index, value := range want {
					if got[index] != value {
						t.Fatalf("server %d has %q at %d, told was %q", i+1, got[index], index, value)
					}
				}
			}
		})
	}
}

func TestASessionsCommandsAreAppliedOnceWhereverTheyAreRepeated(t *testing.T) {
	servers := newTestCluster(t, 3).startServers()
	ctx := patient(t)
	id, err := servers[0].OpenSession(ctx, protocol.Nonce{1})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := servers[1].OpenSession(ctx, protocol.Nonce{1}); err != nil || again != id {
		t.Fatalf("the same nonce opened session %d, then %d (%v)", id, again, err)
	}
	first, err := servers[1].AppendIn(ctx, id, 1, texts("a", "b", "c"))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range servers {
		again, err := s.AppendIn(ctx, id, 1, texts("a", "b", "c"))
		if err != nil || !slices.EqualFunc(again, first, func(a, b Placed) bool { return a.Index == b.Index }) {
			t.Errorf("repeated at server %d: %v, %v; the first time %v", i+1, again, err, first)
		}
	}
	if placed, err := servers[2].AppendIn(ctx, id, 3, texts("c", "d")); err != nil || placed[0].Index != first[2].Index {
		t.Errorf("repeated in part: %v, %v", placed, err)
	}
	if err := servers[0].Barrier(ctx); err != nil {
		t.Fatal(err)
	}
	if got := entriesOf(t, servers[0]); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("the list is %q", got)
	}
	if _, err := servers[0].AppendIn(ctx, id, 4000, texts("z")); !errors.Is(err, ErrOutOfTurn) {
		t.Errorf("far out of turn: %v", err)
	}
	if _, err := servers[0].AppendIn(ctx, 12345, 1, texts("z")); !errors.Is(err, ErrExpired) {
		t.Errorf("an unknown session: %v", err)
	}
}

func TestCommandsThatArriveOutOfOrderAreAppliedInOrder(t *testing.T) {
	servers := newTestCluster(t, 3).startServers()
	ctx := patient(t)
	id, err := servers[0].OpenSession(ctx, protocol.Nonce{1})
	if err != nil {
		t.Fatal(err)
	}
	var later sync.WaitGroup
	for _, seq := range []protocol.Seq{3, 2} {
		later.Go(func() {
			if _, err := servers[int(seq)%3].AppendIn(ctx, id, seq, texts(fmt.Sprint(seq))); err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	if _, err := servers[0].AppendIn(ctx, id, 1, texts("1")); err != nil {
		t.Fatal(err)
	}
	later.Wait()
	if err := servers[0].Barrier(ctx); err != nil {
		t.Fatal(err)
	}
	if got := entriesOf(t, servers[0]); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("the list is %q", got)
	}
}

func TestAMinorityAnswersUnknownOrNotDone(t *testing.T) {
	c := newTestCluster(t, 3)
	s := c.startServer(1)
	err := notWithin(t, func(ctx context.Context) error { _, err := s.Append(ctx, texts("1")); return err })
	if !errors.Is(err, ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an append: %v", err)
	}
	if err := s.Barrier(shortly(t)); err == nil {
		t.Error("a linearizable read went through without a majority")
	}
	c.startServer(2)
	if _, err := s.Append(patient(t), texts("2")); err != nil {
		t.Fatal(err)
	}
	if got := entriesOf(t, s); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("the list is %q: the unknown one was under way, and comes first", got)
	}
}

// notWithin does what cannot succeed, each time with more time, until the outcome is
// unknown: on a busy machine the loop may not even have taken it in a short one.
func notWithin(t *testing.T, do func(context.Context) error) (err error) {
	t.Helper()
	for limit := 300 * time.Millisecond; limit < patience; limit *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		err = do(ctx)
		cancel()
		if errors.Is(err, ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	return err
}

func TestRestartedServersHaveTheirList(t *testing.T) {
	c := newTestCluster(t, 3)
	c.tune = func(o *Options) { o.CheckpointBytes = 8 << 10 }
	for round := range 3 {
		servers := c.startServers()
		for n := range 500 {
			if _, err := servers[n%3].Append(patient(t), texts(fmt.Sprint(round, n))); err != nil {
				t.Fatal(err)
			}
		}
		if err := servers[0].Barrier(patient(t)); err != nil {
			t.Fatal(err)
		}
		if got := entriesOf(t, servers[0]); len(got) != 500*(round+1) || got[0] != "0 0" {
			t.Fatalf("round %d: %d entries", round, len(got))
		}
		for _, s := range servers {
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAServerThatWasAwayCatchesUpBySnapshot(t *testing.T) {
	c := newTestCluster(t, 3)
	c.tune = func(o *Options) { o.CheckpointBytes = 16 << 10 }
	one, two := c.startServer(1), c.startServer(2)
	value := string(make([]byte, 100))
	for range 300 {
		if _, err := one.Append(patient(t), texts(slices.Repeat([]string{value}, 100)...)); err != nil {
			t.Fatal(err)
		}
	}
	three := c.startServer(3)
	if err := three.Barrier(patient(t)); err != nil {
		t.Fatal(err)
	}
	if got := entriesOf(t, three); len(got) != 30_000 {
		t.Errorf("%d entries", len(got))
	}
	if err := two.Stop(); err != nil {
		t.Fatal(err)
	}
	if placed, err := three.Append(patient(t), texts("last")); err != nil || placed[0].Index != 30_000 {
		t.Errorf("%v, %v: the new one cannot stand in for another", placed, err)
	}
}

func TestAFullDiskRefusesCommandsOnly(t *testing.T) {
	c := newTestCluster(t, 3)
	var mu sync.Mutex
	free := int64(1000)
	c.tune = func(o *Options) {
		steady(o)
		o.ReserveBytes = 100
		if o.Self.ID == 2 {
			o.FreeBytes = func(string) (int64, error) { mu.Lock(); defer mu.Unlock(); return free, nil }
		}
	}
	servers := c.startServers()
	if _, err := servers[0].Append(patient(t), texts("1")); err != nil {
		t.Fatal(err)
	}
	set := func(n int64, full bool) {
		mu.Lock()
		free = n
		mu.Unlock()
		for ctx := patient(t); ; time.Sleep(10 * time.Millisecond) {
			if ctx.Err() != nil {
				t.Fatalf("with %d bytes left: not all servers say full=%v", n, full)
			}
			if !slices.ContainsFunc(servers, func(s *Server) bool { return s.Status().Full != full }) {
				return
			}
		}
	}
	set(99, true)
	for i, s := range servers {
		if _, err := s.Append(patient(t), texts("2")); !errors.Is(err, ErrFull) {
			t.Errorf("server %d: %v, want ErrFull", i+1, err)
		}
		if err := s.Barrier(patient(t)); err != nil {
			t.Errorf("server %d does not read: %v", i+1, err)
		}
	}
	set(1000, false)
	if _, err := servers[1].Append(patient(t), texts("3")); err != nil {
		t.Error(err)
	}
	if got := entriesOf(t, servers[1]); !slices.Equal(got, []string{"1", "3"}) {
		t.Errorf("the list is %q", got)
	}
}

// steady lets nobody lead but who is asked to, after the first: silence alone would
// take for ever, so that a busy machine does not change the leader.
func steady(o *Options) {
	o.Timing = Timing{Heartbeat: 10 * time.Millisecond, ElectionMin: time.Hour, ElectionMax: time.Hour}
}

// leaderOf is who leads, as a server knows it, as soon as somebody does.
func leaderOf(t *testing.T, s *Server) (leader protocol.NodeID) {
	t.Helper()
	until(t, "there is a leader", func() bool { leader = s.Status().Leader; return leader != 0 })
	return leader
}

func TestTheLeadershipIsHandedOver(t *testing.T) {
	c := newTestCluster(t, 3)
	c.tune = steady
	servers := c.startServers()
	ctx := patient(t)
	if _, err := servers[0].Append(ctx, texts("1")); err != nil {
		t.Fatal(err)
	}
	for n := range 6 {
		to := protocol.NodeID(n%3 + 1)
		if err := servers[n%2].Transfer(ctx, to); err != nil {
			t.Fatal(err)
		}
		if _, err := servers[(n+1)%3].Append(ctx, texts("x")); err != nil {
			t.Fatal(err)
		}
	}
	leader := int(leaderOf(t, servers[0])) - 1
	if err := servers[leader].Stop(); err != nil {
		t.Fatal(err)
	}
	rest := slices.Delete(slices.Clone(servers), leader, leader+1)
	if _, err := rest[0].Append(ctx, texts("after the leader has shut down")); err != nil {
		t.Fatal(err)
	}
}

func TestAfterStopNothingIsDone(t *testing.T) {
	c := newTestCluster(t, 1)
	s := c.startServer(1)
	if _, err := s.Append(patient(t), texts("1")); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(patient(t), texts("2")); !errors.Is(err, ErrStopped) || errors.Is(err, ErrUnknown) {
		t.Errorf("append: %v", err)
	}
	o := c.options(protocol.RoleServer, 1)
	o.Self.Role = protocol.RoleAcceptor
	o.DataDir = filepath.Join(c.dir, "server-1")
	o.Log = hclog.NewNullLogger()
	o.Transport = c.net.Join()
	if err := Run(patient(t), o); err == nil {
		t.Error("an acceptor took over a server's store")
	}
}

// shortly is for what cannot succeed.
func shortly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}
