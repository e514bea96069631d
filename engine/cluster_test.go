package engine

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"maps"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"paxos/internal/servers"
)

// patient is the bound of everything that must happen some day.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// registers is the machine of the tests: commands overwrite one of a few values,
// and a digest tells whether two of them have applied the same sequence.
type registers struct {
	state
	before    func(command []byte) // Apply calls it, if set
	snapshots atomic.Int64
	restores  atomic.Int64
	broken    atomic.Bool // Snapshot fails
}

type state struct {
	Count  uint64
	Digest uint64
	Values map[byte][]byte
}

var table = crc64.MakeTable(crc64.ISO)

var errBroken = errors.New("broken on purpose")

// Apply returns how many commands there were by then.
func (r *registers) Apply(command []byte) any {
	if r.before != nil {
		r.before(command)
	}
	if r.Values == nil {
		r.Values = map[byte][]byte{}
	}
	r.Count++
	r.Digest = crc64.Update(r.Digest, table, command)
	if len(command) > 0 {
		r.Values[command[0]] = append([]byte(nil), command...)
	}
	return r.Count
}

func (r *registers) Snapshot(w io.Writer) error {
	r.snapshots.Add(1)
	if r.broken.Load() {
		return errBroken
	}
	return gob.NewEncoder(w).Encode(r.state)
}

func (r *registers) Restore(from io.Reader) error {
	r.restores.Add(1)
	r.state = state{}
	return gob.NewDecoder(from).Decode(&r.state)
}

// testNode is a node that can be started again on its folder.
type testNode struct {
	t       *testing.T
	options Options
	*Engine
	machine *registers
}

func (n *testNode) start() {
	n.t.Helper()
	if err := n.tryStart(); err != nil {
		n.t.Fatal(err)
	}
}

func (n *testNode) tryStart() (err error) {
	before := n.machine.before
	n.machine = &registers{before: before}
	n.options.Machine = n.machine
	for end := time.Now().Add(time.Minute); ; {
		n.Engine, err = Start(patient(n.t), n.options)
		// The address was somebody's a moment ago, a dialling connection's perhaps.
		if err == nil || !errors.As(err, new(*net.OpError)) || time.Now().After(end) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (n *testNode) stop() {
	n.t.Helper()
	if err := n.Stop(); err != nil {
		n.t.Errorf("stop node %d: %v", n.ID(), err)
	}
}

// newNodes returns nodes that are not started. Their addresses are free.
func newNodes(t *testing.T, count int) (nodes []*testNode) {
	t.Helper()
	peers, err := servers.FreeAddresses(count)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i, self := range peers {
		n := &testNode{t: t, machine: &registers{}, options: Options{
			Dir: filepath.Join(dir, fmt.Sprint(i+1)), Self: self, Peers: peers, Init: true,
		}}
		t.Cleanup(func() {
			if n.Engine != nil {
				_ = n.Stop()
			}
		})
		nodes = append(nodes, n)
	}
	return nodes
}

// unknown proposes what cannot be decided, each time with more time, until the outcome
// is unknown: on a busy machine it may not even have left in a short one.
func unknown(t *testing.T, n *testNode, command string) (err error) {
	t.Helper()
	for limit := 100 * time.Millisecond; limit < time.Minute; limit *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, err = n.Propose(ctx, []byte(command))
		cancel()
		if !errors.Is(err, ErrNotDone) {
			break
		}
	}
	return err
}

func startCluster(t *testing.T, count int) []*testNode {
	t.Helper()
	nodes := newNodes(t, count)
	for _, n := range nodes {
		n.start()
	}
	return nodes
}

func propose(t *testing.T, n *testNode, command string) uint64 {
	t.Helper()
	result, err := n.Propose(patient(t), []byte(command))
	if err != nil {
		t.Fatalf("propose %.20q at node %d: %v", command, n.ID(), err)
	}
	return result.(uint64)
}

// look is a linearizable copy of a node's state.
func look(t *testing.T, n *testNode) (s state) {
	t.Helper()
	err := n.Query(patient(t), func() {
		s = n.machine.state
		s.Values = maps.Clone(s.Values)
	})
	if err != nil {
		t.Fatalf("query node %d: %v", n.ID(), err)
	}
	return s
}

// agree checks that all nodes have applied the same commands, so many of them.
func agree(t *testing.T, nodes []*testNode, count uint64) {
	t.Helper()
	first := look(t, nodes[0])
	if first.Count != count {
		t.Errorf("node %d has applied %d commands, want %d", nodes[0].ID(), first.Count, count)
	}
	for _, n := range nodes[1:] {
		if s := look(t, n); s.Count != first.Count || s.Digest != first.Digest {
			t.Errorf("node %d has %d commands with digest %x, node %d has %d with %x",
				n.ID(), s.Count, s.Digest, nodes[0].ID(), first.Count, first.Digest)
		}
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for ctx := patient(t); !holds(); {
		select {
		case <-ctx.Done():
			t.Fatalf("in vain: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// unreadable is a machine that cannot read what another one wrote.
type unreadable struct{}

func (unreadable) Apply([]byte) any         { return nil }
func (unreadable) Snapshot(io.Writer) error { return nil }
func (unreadable) Restore(io.Reader) error  { return errBroken }
