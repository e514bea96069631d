package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

// firstHeard sends numbers to all until b hears one, and returns it.
func firstHeard(t *testing.T, a, b *server) string {
	t.Helper()
	heard := make(chan []transport.Datagram, 1)
	go func() {
		defer close(heard)
		if got, err := b.Receive(nil); err == nil {
			heard <- got
		}
	}()
	end := time.After(patience)
	for i := 0; ; i++ {
		a.Send([]transport.Datagram{datagram(fmt.Sprint(i))})
		select {
		case got := <-heard:
			return string(got[0].Data)
		case <-end:
			t.Fatal("nothing is heard")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestARestartedPeerIsReachedAgain(t *testing.T) {
	// No outgoing connection takes a port of this address meanwhile.
	a, b := start(t, options(1)), startAt(t, options(2), "127.0.0.77:0")
	acquaint(t, a, b)
	for range 3 {
		b.stop()
		b = startAt(t, options(2), b.address)
		b.SetPeers(map[protocol.NodeID]string{1: a.address})
		connected(t, b)
		firstHeard(t, a, b)
		firstHeard(t, b, a)
	}
	if p := a.Peers()[0]; p.Reconnects < 3 {
		t.Errorf("counted %+v", p)
	}
}

func TestNothingIsKeptForAPeerThatIsNotConnected(t *testing.T) {
	a, b := start(t, options(1)), start(t, options(2))
	a.SetPeers(map[protocol.NodeID]string{2: b.address}) // which refuses us so far
	a.Send([]transport.Datagram{datagram("stale"), to(2, "stale, too")})
	p := a.Peers()[0]
	if s := a.Stats(); p.Shed != 2 || p.QueuedBytes != 0 || s.SendFailures != 2 || !errors.Is(s.LastSendError, errNotUp) {
		t.Errorf("counted %+v, %+v", p, s)
	}
	b.SetPeers(map[protocol.NodeID]string{1: a.address})
	if got := firstHeard(t, a, b); strings.HasPrefix(got, "stale") {
		t.Errorf("heard %q", got)
	}
}

func TestANewcomerIsRefusedUntilItIsAMember(t *testing.T) {
	a, b := start(t, options(1)), start(t, options(2))
	a.SetPeers(map[protocol.NodeID]string{2: b.address})
	eventually(t, "a knows why it is not let in", func() bool {
		p := a.Peers()[0]
		return !p.Connected && strings.Contains(p.LastError, "unknown_peer") && strings.Contains(p.LastError, "403")
	})
	b.SetPeers(map[protocol.NodeID]string{1: a.address})
	connected(t, a)
	if p := a.Peers()[0]; p.LastError != "" {
		t.Errorf("still complains: %+v", p)
	}
}

func TestARemovedPeerIsCutOffBothWaysAndCanComeBack(t *testing.T) {
	a, b, c := start(t, options(1)), start(t, options(2)), start(t, options(3))
	acquaint(t, a, b, c)
	go drain(b)
	a.SetPeers(map[protocol.NodeID]string{1: a.address, 3: c.address})
	if peers := a.Peers(); len(peers) != 1 || peers[0].ID != 3 {
		t.Errorf("peers are %+v", peers)
	}
	eventually(t, "b is told why it is not let in", func() bool {
		p := b.Peers()[0]
		return !p.Connected && !p.Heard && strings.Contains(p.LastError, "unknown_peer")
	})
	a.Send([]transport.Datagram{to(2, "for nobody"), datagram("for 3")})
	if got := texts(receive(t, c, 1)); !slices.Equal(got, []string{"for 3"}) {
		t.Errorf("3 heard %q", got)
	}
	acquaint(t, a, b, c)
	firstHeard(t, b, a)
}

func TestAPeerThatMovedIsReachedAtItsNewAddress(t *testing.T) {
	a, b := start(t, options(1)), start(t, options(2))
	acquaint(t, a, b)
	b.stop()
	b = start(t, options(2))
	acquaint(t, a, b)
	if p := a.Peers()[0]; p.Address != b.address {
		t.Errorf("peer is %+v", p)
	}
	firstHeard(t, a, b)
}

func TestAPeerThatNeverReadsCostsTheOthersNothing(t *testing.T) {
	o, slow := options(1), options(2)
	o.QueueBytes, slow.ReceiveBuffer = 1<<20, 64<<10
	a, b, c := start(t, o), start(t, slow), start(t, options(3))
	acquaint(t, a, b, c)
	sent := 0
	shed := func() bool { return a.Peers()[0].Shed > 0 }
	for ; !shed(); sent += 8 {
		if sent > 100_000 {
			t.Fatal("800 MiB are kept somewhere")
		}
		a.Send(numbered(sent, sent+8))
		if p := a.Peers()[0]; p.QueuedBytes > o.QueueBytes+maxFrame+frameCost {
			t.Fatalf("%d bytes are queued", p.QueuedBytes)
		}
		for i, d := range receive(t, c, 8) {
			if got := number(d); got != sent+i {
				t.Fatalf("3 heard %d instead of %d", got, sent+i)
			}
		}
	}
	eventually(t, "all that was shed is counted, and for nobody else", func() bool {
		s, p := a.Stats(), a.Peers()
		return s.SendFailures == p[0].Shed && p[1].Shed == 0
	})
	last := -1
	for _, d := range receive(t, b, 8) { // what it has is a part, in order
		if n := number(d); n <= last {
			t.Errorf("2 heard %d after %d", n, last)
		} else {
			last = n
		}
	}
}

// numbered are datagrams of 8 KiB that begin with a number.
func numbered(from, to int) []transport.Datagram {
	var all []transport.Datagram
	for i := from; i < to; i++ {
		all = append(all, datagram(fmt.Sprintf("%-8192d", i)))
	}
	return all
}

func number(d transport.Datagram) int {
	n, err := strconv.Atoi(strings.TrimSpace(string(d.Data)))
	if err != nil || len(d.Data) != 8192 {
		return -1
	}
	return n
}

// silent accepts connections and does with them what then says, once each.
func silent(t *testing.T, then func(net.Conn)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			go then(conn)
		}
	}()
	return listener.Addr().String()
}

func TestAPeerThatNeverAnswersIsGivenUpAndTriedAgain(t *testing.T) {
	tried := make(chan bool, 100)
	address := silent(t, func(net.Conn) { tried <- true })
	a := start(t, options(1))
	a.times.connect = 10 * time.Millisecond
	a.SetPeers(map[protocol.NodeID]string{2: address})
	for range 3 {
		<-tried
	}
	eventually(t, "the reason is known", func() bool { return strings.Contains(a.Peers()[0].LastError, "deadline") })
}

func TestAPeerThatTakesNothingIsDisconnected(t *testing.T) {
	upgraded := make(chan bool, 100)
	address := silent(t, func(conn net.Conn) {
		fmt.Fprint(conn, welcome)
		upgraded <- true
	})
	a := start(t, options(1))
	a.times.write = 10 * time.Millisecond
	a.SetPeers(map[protocol.NodeID]string{2: address})
	<-upgraded
	eventually(t, "the connection is given up", func() bool {
		a.Send(numbered(0, 100))
		return a.Peers()[0].Reconnects > 0
	})
}

func TestAPeerThatTalksBackIsDisconnected(t *testing.T) {
	address := silent(t, func(conn net.Conn) {
		fmt.Fprint(conn, welcome+"hello")
	})
	a := start(t, options(1))
	a.SetPeers(map[protocol.NodeID]string{2: address})
	eventually(t, "the reason is known", func() bool { return strings.Contains(a.Peers()[0].LastError, errTalks.Error()) })
}

func TestAPeerThatConnectsIsConnectedToAtOnce(t *testing.T) {
	s := start(t, options(1))
	p := &peer{t: s.Transport, id: 2, stop: func() {}, hurry: make(chan struct{}, 1)}
	s.outgoing.Store(&[]*peer{p})
	join(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if p.wait(ctx, time.Hour); ctx.Err() != nil {
		t.Error("it waits for its back-off")
	}
}

func TestBackoffDoublesToASecondAndStartsAgain(t *testing.T) {
	var b backoff
	for range 2 {
		for _, most := range []int{50, 100, 200, 400, 800, 1000, 1000} {
			limit := time.Duration(most) * time.Millisecond
			if d := b.next(); d > limit || d < limit/2 {
				t.Errorf("%s instead of %s to %s", d, limit/2, limit)
			}
		}
		b = 0
	}
}
