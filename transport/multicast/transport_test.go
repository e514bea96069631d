package multicast

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/transport"
)

const (
	clients   = protocol.GroupClients
	proposers = protocol.GroupProposers
	acceptors = protocol.GroupAcceptors
	learners  = protocol.GroupLearners
)

func TestEveryMemberHearsEachDatagramOnceAndInOrder(t *testing.T) {
	g := groups()
	sender := open(t, onLoopback(g))
	var members []*Transport
	for range 7 {
		members = append(members, open(t, onLoopback(g, acceptors)))
	}
	sent := numbered(acceptors, 100)
	sender.Send(sent)
	for i, m := range members {
		if err := same(receive(t, m, len(sent)), sent); err != nil {
			t.Errorf("member %d: %v", i, err)
		}
	}
}

func TestReceiveMergesJoinedGroupsAndNoOthers(t *testing.T) {
	g := groups()
	sender := open(t, onLoopback(g))
	m := open(t, onLoopback(g, clients, acceptors, learners))
	for i := range 20 {
		for _, to := range []protocol.Group{proposers, clients, acceptors, learners} {
			sender.Send([]transport.Datagram{{Group: to, Data: []byte{byte(i)}}})
		}
	}
	var next [protocol.Groups]byte
	for _, d := range receive(t, m, 60) {
		if d.Data[0] != next[d.Group] {
			t.Fatalf("group %s: got datagram %d, want %d", d.Group, d.Data[0], next[d.Group])
		}
		next[d.Group]++
	}
	if next != [protocol.Groups]byte{clients: 20, acceptors: 20, learners: 20} {
		t.Errorf("got %v datagrams of the groups", next)
	}
}

func TestForeignGroupOnTheSamePortIsNotHeard(t *testing.T) {
	g := groups()
	for i := range g { // four addresses, one port
		a := g[0].Addr().As4()
		a[1] = byte(192 + i)
		g[i] = netip.AddrPortFrom(netip.AddrFrom4(a), g[0].Port())
	}
	sender := open(t, onLoopback(g))
	open(t, onLoopback(g, learners)) // this host is a member of it, on the same port
	m := open(t, onLoopback(g, acceptors))
	both := open(t, onLoopback(g, acceptors, learners))
	foreign, own := numbered(learners, 5), numbered(acceptors, 5)
	sender.Send(foreign)
	sender.Send(own)
	if err := same(receive(t, m, 5), own); err != nil {
		t.Error(err)
	}
	if err := same(receive(t, both, 10), append(own, foreign...)); err != nil {
		t.Error(err)
	}
}

func TestUnicastToThePortIsNotHeard(t *testing.T) {
	g := groups()
	from, m := pair(t, onLoopback(g, learners))
	c, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(g[learners].Port())})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("unicast")); err != nil {
		t.Fatal(err)
	}
	own := numbered(learners, 1)
	from.Send(own)
	if err := same(receive(t, m, 1), own); err != nil {
		t.Error(err)
	}
}

func TestReceivedDataBelongsToTheCaller(t *testing.T) {
	from, m := pair(t, onLoopback(groups(), learners))
	first, second := numbered(learners, 10), numbered(learners, 20)[10:]
	from.Send(first)
	got := receive(t, m, 10)
	for _, d := range got {
		_ = append(d.Data, "overwrites the next one"...)
	}
	from.Send(second)
	receive(t, m, 10)
	if err := same(got, first); err != nil {
		t.Error(err)
	}
}

func TestSendDoesNotKeepTheCallersData(t *testing.T) {
	from, m := pair(t, onLoopback(groups(), learners))
	data := []byte("before")
	from.Send([]transport.Datagram{{Group: learners, Data: data}})
	copy(data, "after!")
	if got := receive(t, m, 1); string(got[0].Data) != "before" {
		t.Errorf("got %q", got[0].Data)
	}
	for _, msg := range from.batch {
		if msg.Buffers[0] != nil {
			t.Fatal("the transport still refers to data of an earlier Send")
		}
	}
}

func TestSmallLargeAndEmptyDatagramsArriveWhole(t *testing.T) {
	o := onLoopback(groups(), learners)
	o.ReceiveBuffer = DefaultBuffer
	o.SendBuffer = DefaultBuffer
	from, m := pair(t, o)
	var sent []transport.Datagram
	for _, n := range []int{0, 1, 2000, 2000, 2000, sharedBytes, 3, MaxDatagram - 1, MaxDatagram, 0, 5} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i * n)
		}
		sent = append(sent, transport.Datagram{Group: learners, Data: data})
	}
	from.Send(sent)
	if err := same(receive(t, m, len(sent)), sent); err != nil {
		t.Error(err)
	}
}

func TestRefusedDatagramIsCountedAndTheRestOfTheBatchGoes(t *testing.T) {
	from, m := pair(t, onLoopback(groups(), learners))
	sent := numbered(learners, 200)
	for _, i := range []int{0, 1, 100, 199} {
		sent[i].Data = make([]byte, 70_000)
	}
	from.Send(sent)
	want := append(append([]transport.Datagram(nil), sent[2:100]...), sent[101:199]...)
	if err := hears(m, want); err != nil {
		t.Error(err)
	}
	s, r := from.Stats(), m.Stats()
	if s.SendFailures != 4 || s.SentDatagrams != 196 || s.LastSendError == nil {
		t.Errorf("got %+v", s)
	}
	if s.SentBytes != r.ReceivedBytes || r.ReceivedDatagrams != 196 {
		t.Errorf("sent is not received: %+v, %+v", s, r)
	}
}

func TestOversizedDatagramIsCountedAndDropped(t *testing.T) {
	from, m := pair(t, onLoopback(groups(), learners))
	from.Send([]transport.Datagram{
		{Group: learners, Data: make([]byte, MaxDatagram+1)},
		{Group: learners, Data: make([]byte, 65_507)},
		{Group: learners, Data: []byte("good")},
	})
	if got := receive(t, m, 1); len(got) != 1 || string(got[0].Data) != "good" {
		t.Errorf("got %d datagrams", len(got))
	}
	if s := m.Stats(); s.Oversized != 2 || s.ReceivedDatagrams != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestOverflowOfTheReceiveBufferIsCounted(t *testing.T) {
	from, m := pair(t, onLoopback(groups(), learners))
	sent := numbered(learners, 2*m.ReceiveBuffer()/Charge(20))
	from.Send(sent)
	got := receive(t, m, len(sent))
	s := m.Stats()
	if s.Overflowed == 0 || int(s.Overflowed)+len(got) != len(sent) {
		t.Errorf("sent %d, received %d, overflowed %d", len(sent), len(got), s.Overflowed)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if after := m.Stats().Overflowed; after != s.Overflowed {
		t.Errorf("overflowed %d before Close, %d after", s.Overflowed, after)
	}
}

func TestCloseEndsReceive(t *testing.T) {
	for _, join := range [][]protocol.Group{nil, {learners}, {clients, learners}} {
		m := open(t, onLoopback(groups(), join...))
		ended := make(chan error, 1)
		go func() {
			_, err := m.Receive(nil)
			ended <- err
		}()
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if err := within(t, ended); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("joined %v: Receive returned %v", join, err)
		}
	}
}

func TestWakeEndsReceiveOnceNowOrLater(t *testing.T) {
	from, m := pair(t, onLoopback(groups(), learners))
	returned := make(chan int)
	go func() {
		for {
			got, err := m.Receive(nil)
			if err != nil {
				close(returned)
				return
			}
			returned <- len(got)
		}
	}()
	for i := range 1000 {
		m.Wake()
		if n := within(t, returned); n != 0 {
			t.Fatalf("wake %d: received %d datagrams", i, n)
		}
	}
	from.Send(numbered(learners, 1))
	for total := 0; total == 0; { // a Wake that met Receive on its way out may end one more
		total += within(t, returned)
	}
	m.Close()
	for range returned {
	}
	m.Wake()
}

func TestWakeAtEndsReceiveAndIsReplacedByTheNext(t *testing.T) {
	m := open(t, onLoopback(groups(), learners))
	for _, at := range []time.Duration{-time.Second, 0, time.Millisecond} { // also what is over already
		ended := make(chan error, 1)
		begin := time.Now()
		go func() {
			m.WakeAt(begin.Add(time.Hour))
			m.WakeAt(begin.Add(at))
			_, err := m.Receive(nil)
			ended <- err
		}()
		if err := within(t, ended); err != nil {
			t.Fatal(err)
		}
		if early := at - time.Since(begin); early > 0 {
			t.Errorf("woken %v too early", early)
		}
	}
}

func TestReceiveWaitsAgainAfterAWake(t *testing.T) {
	m := open(t, onLoopback(groups(), learners))
	m.waiting.Store(true) // a Wake that meets Receive just before it polls
	m.Wake()
	for i := range 2 { // answered at once, and once more by the eventfd
		if got, err := m.Receive(nil); err != nil || len(got) != 0 {
			t.Fatalf("call %d: %d datagrams, %v", i, len(got), err)
		}
	}
	if ready, err := unix.Poll(m.polled, 0); err != nil || ready != 0 {
		t.Errorf("poll would not wait: %d descriptors are ready, %v", ready, err)
	}
}

func TestNoWakeIsMissed(t *testing.T) {
	m := open(t, onLoopback(groups(), learners))
	const most = 20_000
	var told, seen atomic.Int64
	go func() {
		for told.Load() < most {
			told.Add(1)
			m.Wake()
			for i := 0; seen.Load() < told.Load() && i < 100; i++ { // mostly in step with Receive
				runtime.Gosched()
			}
		}
	}()
	for seen.Load() < most { // not to its end if a Wake is missed
		if _, err := m.Receive(nil); err != nil {
			t.Fatal(err)
		}
		seen.Store(told.Load())
	}
}

func TestClosedTransportStaysClosed(t *testing.T) {
	m := open(t, onLoopback(groups(), learners))
	for range 2 {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := m.Receive(nil); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Receive returned %v", err)
	}
	m.Send(numbered(learners, 70))
	if s := m.Stats(); s.SendFailures != 70 || !errors.Is(s.LastSendError, net.ErrClosed) {
		t.Errorf("got %+v", s)
	}
}

func TestCloseAndStatsRunBesideTraffic(t *testing.T) {
	from, m := pair(t, onLoopback(groups(), learners, clients))
	ended := make(chan error, 1)
	go func() {
		var got []transport.Datagram
		for {
			var err error
			if got, err = m.Receive(got[:0]); err != nil {
				ended <- err
				return
			}
			if m.Stats().ReceivedDatagrams > 500 {
				go m.Close()
			}
		}
	}()
	go func() {
		for !m.closed.Load() {
			from.Send(numbered(learners, 10))
			from.Send(numbered(clients, 10))
			m.Send(numbered(clients, 10))
		}
	}()
	if err := within(t, ended); !errors.Is(err, transport.ErrClosed) {
		t.Error(err)
	}
}

func TestTrafficAllocatesOnlyWhatItHandsOut(t *testing.T) {
	from, m := pair(t, onLoopback(groups(), learners))
	sent := numbered(learners, 8)
	got := make([]transport.Datagram, 0, 16)
	const runs = 200
	calls := 0.0 // of Receive: on a busy machine a batch may come in parts
	allocs := testing.AllocsPerRun(runs, func() {
		from.Send(sent)
		for n := 0; n < len(sent); calls++ {
			var err error
			if got, err = m.Receive(got[:0]); err != nil {
				t.Fatal(err)
			}
			n += len(got)
		}
	})
	// One allocation holds what one call hands out. The race detector adds one: it makes
	// the pool forget that WriteBatch takes its memory from.
	if each := calls / (runs + 1); allocs > 2+each {
		t.Errorf("%.0f allocations for %d datagrams in %.1f calls, want 1 for each call", allocs, len(sent), each)
	}
}
