package node

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

// testCluster runs roles as goroutines over a memory network, with real stores.
type testCluster struct {
	t       *testing.T
	dir     string
	net     *memory.Network
	quorum  protocol.Quorum
	cluster protocol.ClusterID
	tune    func(*Options)
	probe   *Probe // of clients
}

func newTestCluster(t *testing.T, acceptors int) *testCluster {
	q, err := protocol.QuorumOf(acceptors)
	if err != nil {
		t.Fatal(err)
	}
	return &testCluster{t: t, dir: t.TempDir(), net: memory.NewNetwork(1), quorum: q, cluster: 7, tune: func(*Options) {}}
}

// role is a running role.
type role struct {
	t      *testing.T
	name   string
	cancel context.CancelFunc
	done   chan error
	output *output
	wake   func()
}

// stop shuts the role down cleanly.
func (r *role) stop() {
	r.t.Helper()
	if err := r.end(); err != nil {
		r.t.Errorf("%s: %v", r.name, err)
	}
}

func (r *role) end() error {
	r.cancel()
	return <-r.done
}

var joins = map[protocol.Role][]protocol.Group{
	protocol.RoleClient:   {protocol.GroupClients},
	protocol.RoleProposer: {protocol.GroupProposers, protocol.GroupAcceptors, protocol.GroupLearners},
	protocol.RoleAcceptor: {protocol.GroupAcceptors},
	protocol.RoleLearner:  {protocol.GroupLearners, protocol.GroupAcceptors},
}

func (c *testCluster) options(r protocol.Role, id protocol.NodeID) Options {
	o := Options{
		Self: protocol.Peer{Role: r, ID: id}, Cluster: c.cluster, Quorum: c.quorum,
		Log:     hclog.NewNullLogger(),
		DataDir: filepath.Join(c.dir, fmt.Sprintf("%s-%d", r, id)), Init: true,
		Timing: Timing{Heartbeat: 10 * time.Millisecond, ElectionMin: 100 * time.Millisecond, ElectionMax: 200 * time.Millisecond},
	}
	c.tune(&o)
	return o
}

func (c *testCluster) start(r protocol.Role, id protocol.NodeID) *role {
	o := c.options(r, id)
	run := &role{t: c.t, name: fmt.Sprintf("%s %d", r, id), done: make(chan error, 1)}
	if r == protocol.RoleLearner {
		run.output = &output{}
		o.Entries = run.output.take
	}
	o.Transport = c.net.Join(joins[r]...)
	run.wake = o.Transport.Wake
	var ctx context.Context
	ctx, run.cancel = context.WithCancel(context.Background())
	c.t.Cleanup(run.cancel)
	go func() { run.done <- Run(ctx, o) }()
	return run
}

func (c *testCluster) startAll(acceptors, proposers, learners int) (all []*role) {
	for _, part := range []struct {
		role protocol.Role
		n    int
	}{{protocol.RoleAcceptor, acceptors}, {protocol.RoleLearner, learners}, {protocol.RoleProposer, proposers}} {
		for id := 1; id <= part.n; id++ {
			all = append(all, c.start(part.role, protocol.NodeID(id)))
		}
	}
	return all
}

// submit runs a client until its values are acknowledged.
func (c *testCluster) submit(id protocol.NodeID, values []string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	next, told := 0, uint64(0)
	report, err := RunClient(ctx, ClientOptions{
		Acked: func(total uint64) {
			if total <= told {
				c.t.Errorf("client %d: after %d values, %d are told to be acknowledged", id, told, total)
			}
			told = total
		},
		Self: protocol.Peer{Role: protocol.RoleClient, ID: id}, Cluster: c.cluster, Acceptors: c.quorum.Size(),
		Transport: c.net.Join(joins[protocol.RoleClient]...), Log: hclog.NewNullLogger(), Probe: c.probe,
		Next: func() ([]byte, error) {
			if next == len(values) {
				return nil, io.EOF
			}
			next++
			return []byte(values[next-1]), nil
		},
	})
	if err != nil || report.Acked != uint64(len(values)) || told != report.Acked {
		c.t.Fatalf("client %d: %d of %d values acknowledged, %d told: %v", id, report.Acked, len(values), told, err)
	}
}

// output is what a learner handed out.
type output struct {
	mu     sync.Mutex
	next   uint64
	values []string
}

func (o *output) take(first uint64, count int, block []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.values) > 0 && first != o.next {
		return fmt.Errorf("entry %d after %d", first, o.next)
	}
	for _, payload := range list.Entries(first, block) {
		o.values = append(o.values, string(bytes.Clone(payload)))
		count--
	}
	if count != 0 {
		return fmt.Errorf("%d entries announced that are not there", count)
	}
	o.next = first + uint64(len(block))
	o.next = uint64(len(o.values))
	return nil
}

func (o *output) copy() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.values)
}

// wait waits until n values were handed out.
func (o *output) wait(t *testing.T, n int) []string {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if got := o.copy(); len(got) >= n {
			return got
		}
	}
	t.Fatalf("a learner handed out %d of %d values in %v", len(o.copy()), n, patience)
	return nil
}

func numbered(prefix string, n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return values
}

// checkAll checks that got holds each client's values once, in their order, and nothing else.
func checkAll(t *testing.T, got []string, clients ...[]string) {
	t.Helper()
	at := make([]int, len(clients))
next:
	for i, v := range got {
		for c, values := range clients {
			if at[c] < len(values) && values[at[c]] == v {
				at[c]++
				continue next
			}
		}
		t.Fatalf("entry %d is %q, which is nobody's next value", i, v)
	}
	for c := range clients {
		if at[c] != len(clients[c]) {
			t.Fatalf("client %d: %d of %d values were learned", c+1, at[c], len(clients[c]))
		}
	}
}

// together runs functions at the same time.
func together(fs ...func()) {
	var wg sync.WaitGroup
	for _, f := range fs {
		wg.Go(f)
	}
	wg.Wait()
}

func TestEveryLearnerHandsOutEveryValueInOneOrder(t *testing.T) {
	for _, loss := range []float64{0, 0.1, 0.5} {
		t.Run(fmt.Sprintf("loss %v", loss), func(t *testing.T) {
			c := newTestCluster(t, 3)
			c.net.SetFaults(memory.Faults{Loss: loss, Duplicate: loss / 2, Reorder: loss / 2})
			all := c.startAll(3, 2, 2)
			one, two := numbered("one", 3000), numbered("two", 3000)
			together(func() { c.submit(1, one) }, func() { c.submit(2, two) })
			a := all[3].output.wait(t, 6000)
			b := all[4].output.wait(t, 6000)
			checkAll(t, a, one, two)
			if !slices.Equal(a, b) {
				t.Error("the learners handed out different lists")
			}
			for _, r := range all {
				r.stop()
			}
		})
	}
}

func TestARestartedClusterGoesOnWithItsList(t *testing.T) {
	c := newTestCluster(t, 3)
	all := c.startAll(3, 1, 1)
	first := numbered("first", 2500)
	c.submit(1, first)
	all[3].output.wait(t, len(first))
	for _, r := range all {
		r.stop()
	}
	c.tune = func(o *Options) { o.Init = false }
	all = c.startAll(3, 1, 1)
	second := numbered("second", 1500)
	c.submit(1, second)
	checkAll(t, all[3].output.wait(t, 4000), append(first, second...))
	for _, r := range all {
		r.stop()
	}
}

// A tiny checkpoint threshold makes the acceptors forget their votes at once,
// so that whoever was away must fetch a snapshot.
func TestALateProcessCatchesUpBySnapshot(t *testing.T) {
	c := newTestCluster(t, 3)
	c.net.SetFaults(memory.Faults{Loss: 0.05})
	c.tune = func(o *Options) { o.CheckpointBytes = 4 << 10 }
	all := c.startAll(2, 1, 1)
	before := numbered("before", 30000)
	c.submit(1, before)
	late := []*role{c.start(protocol.RoleLearner, 2), c.start(protocol.RoleAcceptor, 3), c.start(protocol.RoleProposer, 2)}
	checkAll(t, late[0].output.wait(t, len(before)), before)
	after := numbered("after", 500)
	c.submit(2, after)
	whole := append(before, after...)
	checkAll(t, late[0].output.wait(t, len(whole)), whole)
	checkAll(t, all[2].output.wait(t, len(whole)), whole)
	for _, r := range slices.Concat(all, late) {
		r.stop()
	}
}

func TestALearnerThatIsToldToStopAtTheEndDoesSo(t *testing.T) {
	c := newTestCluster(t, 3)
	all := c.startAll(3, 1, 0)
	values := numbered("v", 2000)
	c.submit(1, values)
	c.tune = func(o *Options) { o.Once, o.From = o.Self.Role == protocol.RoleLearner, 0 }
	once := c.start(protocol.RoleLearner, 1)
	if err := <-once.done; err != nil {
		t.Fatal(err)
	}
	checkAll(t, once.output.copy(), values)
	for _, r := range all {
		r.stop()
	}
}
