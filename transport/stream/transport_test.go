package stream

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

func TestDatagramsArriveWholeAndInOrderWithTheirGroup(t *testing.T) {
	a, b := start(t, options(1)), start(t, options(2))
	acquaint(t, a, b)
	sent := randomDatagrams(300)
	go sendAll(a, sent)
	got := receive(t, b, len(sent))
	for i, d := range got {
		if d.Group != sent[i].Group || !bytes.Equal(d.Data, sent[i].Data) {
			t.Fatalf("datagram %d: got %d bytes for %s, want %d for %s", i, len(d.Data), d.Group, len(sent[i].Data), sent[i].Group)
		}
	}
	eventually(t, "the sender has counted what it sent", func() bool { return a.Stats().SentDatagrams == 300 })
	if s := b.Stats(); s.ReceivedDatagrams != 300 || s.ReceivedBytes != a.Stats().SentBytes {
		t.Errorf("counted %+v, sent %+v", s, a.Stats())
	}
}

// randomDatagrams are small ones, large ones, and the largest there may be.
func randomDatagrams(count int) []transport.Datagram {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([]transport.Datagram, count)
	for i := range all {
		data := make([]byte, 1+r.IntN([]int{100, 5000, protocol.MaxDatagram}[i%3]))
		for j := range data {
			data[j] = byte(r.Uint32())
		}
		all[i] = transport.Datagram{Group: protocol.Group(i % protocol.Groups), Data: data}
	}
	return append(all[1:], transport.Datagram{Data: make([]byte, protocol.MaxDatagram)})
}

// sendAll sends in batches of different sizes, from memory that it uses again.
func sendAll(m transport.Transport, all []transport.Datagram) {
	var memory []byte
	for len(all) > 0 {
		n := min(len(all), 1+len(all)%17)
		var out []transport.Datagram
		memory = slices.Grow(memory[:0], n*protocol.MaxDatagram)
		for _, d := range all[:n] {
			start := len(memory)
			memory = append(memory, d.Data...)
			d.Data = memory[start:]
			out = append(out, d)
		}
		m.Send(out)
		clear(memory)
		all = all[n:]
	}
}

func TestAllHearWhatIsForAllAndOneWhatIsForOne(t *testing.T) {
	a, b, c := start(t, options(1)), start(t, options(2)), start(t, options(3))
	acquaint(t, a, b, c)
	a.Send([]transport.Datagram{to(2, "for 2"), datagram("for all"), to(3, "for 3"), to(2, "for 2 again"), datagram("end")})
	if got := texts(receive(t, b, 4)); !slices.Equal(got, []string{"for 2", "for all", "for 2 again", "end"}) {
		t.Errorf("2 heard %q", got)
	}
	if got := texts(receive(t, c, 3)); !slices.Equal(got, []string{"for all", "for 3", "end"}) {
		t.Errorf("3 heard %q", got)
	}
	eventually(t, "all is counted", func() bool { return a.Stats().SentDatagrams == 7 })
	if s := a.Stats(); s.SendFailures != 0 {
		t.Errorf("counted %+v", s)
	}
}

func TestWhatNobodyCanReceiveIsCountedAndTheRestIsSent(t *testing.T) {
	a, b := start(t, options(1)), start(t, options(2))
	acquaint(t, a, b)
	for i, c := range []struct {
		bad  transport.Datagram
		want error
	}{
		{transport.Datagram{Data: make([]byte, protocol.MaxDatagram+1)}, errTooLarge},
		{transport.Datagram{}, errEmpty},
		{transport.Datagram{Group: protocol.Groups, Data: []byte("x")}, errGroup},
		{to(1, "to myself"), errNoPeer},
		{to(9, "to a stranger"), errNoPeer},
	} {
		a.Send([]transport.Datagram{c.bad, datagram("good")})
		if got := texts(receive(t, b, 1)); !slices.Equal(got, []string{"good"}) {
			t.Errorf("%v: heard %q", c.want, got)
		}
		if s := a.Stats(); s.SendFailures != uint64(i+1) || !errors.Is(s.LastSendError, c.want) {
			t.Errorf("%v: counted %+v", c.want, s)
		}
	}
}

func TestDataBelongsToTheReceiverForEver(t *testing.T) {
	a, b := start(t, options(1)), start(t, options(2))
	acquaint(t, a, b)
	a.Send([]transport.Datagram{datagram("one"), datagram("two")})
	got := receive(t, b, 2)
	_ = append(got[0].Data, "TWO"...)
	got[0].Data[0] = 'O'
	a.Send([]transport.Datagram{datagram("three")})
	got = append(got, receive(t, b, 1)...)
	if all := texts(got); !slices.Equal(all, []string{"One", "two", "three"}) {
		t.Errorf("got %q", all)
	}
}

func TestReceiveWaitsForADatagramAWakeOrClose(t *testing.T) {
	a, b := start(t, options(1)), start(t, options(2))
	acquaint(t, a, b)
	step, last := make(chan int), make(chan error, 1)
	go func() {
		for {
			got, err := a.Receive(nil)
			if err != nil {
				last <- err
				return
			}
			step <- len(got)
		}
	}()
	b.Send([]transport.Datagram{datagram("x")})
	if n := <-step; n != 1 {
		t.Errorf("received %d datagrams, want 1", n)
	}
	a.Wake()
	if n := <-step; n != 0 {
		t.Errorf("received %d datagrams after a Wake, want none", n)
	}
	a.Close()
	if err := <-last; !errors.Is(err, transport.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestAWakeBeforeReceiveCountsOnce(t *testing.T) {
	a := start(t, options(1))
	a.Wake()
	a.Wake()
	if got, err := a.Receive(nil); len(got) != 0 || err != nil {
		t.Errorf("got %d datagrams, %v", len(got), err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := a.Receive(nil)
		ended <- err
	}()
	a.Close()
	if err := <-ended; !errors.Is(err, transport.ErrClosed) {
		t.Errorf("the second Receive ended before Close: %v", err)
	}
}

func TestWakeAtEndsReceiveAndIsReplacedByTheNext(t *testing.T) {
	a := start(t, options(1))
	defer time.AfterFunc(patience, func() { a.Close() }).Stop()
	a.WakeAt(time.Now().Add(time.Hour))
	a.WakeAt(time.Now().Add(time.Millisecond))
	if got, err := a.Receive(nil); len(got) != 0 || err != nil {
		t.Errorf("got %d datagrams, %v", len(got), err)
	}
}

func TestClosedTransportNeitherSendsNorHears(t *testing.T) {
	a, b := start(t, options(1)), start(t, options(2))
	acquaint(t, a, b)
	for range 2 {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	a.Wake()
	a.SetPeers(map[protocol.NodeID]string{2: b.address})
	a.Send([]transport.Datagram{datagram("x")})
	if s := a.Stats(); s.SendFailures != 1 || !errors.Is(s.LastSendError, transport.ErrClosed) {
		t.Errorf("counted %+v", s)
	}
	if _, err := a.Receive(nil); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Receive: %v", err)
	}
	eventually(t, "b is alone", func() bool { p := b.Peers()[0]; return !p.Connected })
}

func TestCloseEndsAllGoroutinesAndConnections(t *testing.T) {
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for range 3 {
		a, b := start(t, options(1)), start(t, options(2))
		acquaint(t, a, b)
		a.SetPeers(map[protocol.NodeID]string{2: b.address, 3: "127.0.0.1:1"}) // and one that is never there
		received := make(chan error)
		go func() {
			_, err := a.Receive(nil)
			received <- err
		}()
		a.stop()
		b.stop()
		<-received
	}
	eventually(t, "all goroutines and files are gone", func() bool {
		return runtime.NumGoroutine() <= goroutines && openFiles(t) <= files
	})
}

func openFiles(t *testing.T) int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

func TestSelfMustBeAServer(t *testing.T) {
	for _, self := range []protocol.Peer{{}, {Role: protocol.RoleServer}, {Role: protocol.RoleClient, ID: 1}} {
		m := New(Options{Self: self})
		if _, err := m.Receive(nil); !errors.Is(err, errUnfit) {
			t.Errorf("%v: %v", self, err)
		}
		m.Close()
	}
}

func TestSizes(t *testing.T) {
	a := start(t, options(1))
	if fmt.Sprint(a.MaxDatagram(), a.Window()) != "65507 1048576" {
		t.Errorf("datagrams of %d bytes, a window of %d", a.MaxDatagram(), a.Window())
	}
}
