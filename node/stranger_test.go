package node

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/acceptor"
	"paxos/protocol"
	"paxos/transport"
	"paxos/transport/memory"
)

// Rule 10: an acceptor whose store was wiped has forgotten its promises. It must
// not vote, and must say why.
func TestAWipedAcceptorIsStopped(t *testing.T) {
	c := newTestCluster(t, 3)
	spy := c.net.Join(protocol.GroupProposers)
	all := c.startAll(3, 1, 1)
	first := numbered("first", 100)
	c.submit(1, first)
	until(t, "the proposer has heard of the store", func() bool {
		return slices.ContainsFunc(spy.Poll(nil), func(d transport.Datagram) bool {
			from, _, err := protocol.Peek(c.cluster, d.Data)
			return err == nil && from.Peer == acceptorPeer(3).Peer
		})
	})
	all[2].stop()
	if err := os.RemoveAll(c.options(protocol.RoleAcceptor, 3).DataDir); err != nil {
		t.Fatal(err)
	}
	wiped := c.start(protocol.RoleAcceptor, 3)
	select {
	case err := <-wiped.done:
		if !errors.Is(err, acceptor.ErrStranger) {
			t.Errorf("the wiped acceptor ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("the wiped acceptor goes on")
	}
	second := numbered("second", 100)
	c.submit(2, second) // the other two are a majority
	checkAll(t, all[3].output.wait(t, 200), first, second)
	together(stopAll(append(all[:2:2], all[3:]...))...)
}

// logBuffer is a log that several goroutines write and one reads.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestARoleThatHearsOnlyOtherClustersSaysSo(t *testing.T) {
	c := newTestCluster(t, 1)
	log := new(logBuffer)
	o := c.options(protocol.RoleAcceptor, 1)
	o.Log = hclog.New(&hclog.LoggerOptions{Output: log})
	o.Transport = c.net.Join(joins[protocol.RoleAcceptor]...)
	r, err := open(o)
	if err != nil {
		t.Fatal(err)
	}
	r.start()
	r.status.next = 0 // look at the first turn, not only after some seconds
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.loop(ctx) }()
	stranger := c.net.Join()
	from := protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}, Store: 1}
	stranger.Send([]transport.Datagram{{
		Group: protocol.GroupAcceptors,
		Data:  protocol.AppendMessage(nil, c.cluster+1, from, &protocol.Canvass{Round: 1}),
	}})
	for deadline := time.Now().Add(patience); !strings.Contains(log.String(), "hears only other clusters"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it says nothing of it: %s", log)
		}
	}
	cancel()
	if err := r.stop(<-ended); err != nil {
		t.Error(err)
	}
}

func TestBadDatagramsAreCountedAndDropped(t *testing.T) {
	const cluster = 7
	net := memory.NewNetwork(1)
	in := newInbox(net.Join(protocol.GroupAcceptors), cluster, protocol.Peer{Role: protocol.RoleAcceptor, ID: 1})
	from := protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}, Store: 1}
	good := protocol.AppendMessage(nil, cluster, from, &protocol.Canvass{Round: 1})
	change := func(at int, to byte) []byte {
		bad := bytes.Clone(good)
		bad[at] = to
		return bad
	}
	var batch []transport.Datagram
	for _, data := range [][]byte{
		[]byte("no such thing"), change(2, 99), protocol.AppendMessage(nil, cluster+1, from, &protocol.Canvass{Round: 1}),
		good[:20], change(30, 77), protocol.AppendMessage(nil, cluster, from, &protocol.Canvass{}), good,
	} {
		batch = append(batch, transport.Datagram{Group: protocol.GroupAcceptors, Data: data})
	}
	net.Join().Send(batch)
	letters, err := in.receive()
	if err != nil || len(letters) != 1 {
		t.Fatalf("%d messages came through, %v; want the one good one", len(letters), err)
	}
	if want := (drops{foreign: 1, version: 1, cluster: 1, truncated: 1, checksum: 1, malformed: 1, good: 1}); in.drops != want {
		t.Errorf("counted %+v; want %+v", in.drops, want)
	}
}
