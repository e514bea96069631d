package stream

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"paxos/transport"
)

// pair is a link over TCP, its other end, and a peer that has it but no goroutine.
func pair(t *testing.T) (*peer, *link, net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	here, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	there, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLink(here, patience)
	if err != nil {
		t.Fatal(err)
	}
	m := New(options(1))
	t.Cleanup(func() { m.Close(); here.Close(); there.Close() })
	there.SetDeadline(time.Now().Add(patience))
	p := &peer{t: m, id: 2, work: make(chan struct{}, 1)}
	p.attach(l)
	return p, l, there
}

// frames is a batch for peer 2.
func frames(datagrams ...transport.Datagram) *batch {
	var b batch
	b.fill(datagrams, func(transport.Datagram) bool { return true })
	b.encode(2)
	return &b
}

func expect(t *testing.T, from io.Reader, want ...transport.Datagram) {
	t.Helper()
	var wire []byte
	for _, d := range want {
		wire = appendFrame(wire, d)
	}
	got := make([]byte, len(wire))
	if _, err := io.ReadFull(from, got); err != nil || !bytes.Equal(got, wire) {
		t.Errorf("got %q, %v; want %q", got, err, wire)
	}
}

func TestTryWriteNeverWaits(t *testing.T) {
	_, l, _ := pair(t)
	full := make([]byte, 1<<20)
	for n := 1; n > 0; {
		var err error
		if n, err = l.tryWrite(full); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := l.tryWrite(full); n != 0 || err != nil {
		t.Errorf("wrote %d bytes to a full socket, %v", n, err)
	}
}

func TestNothingOvertakesTheQueue(t *testing.T) {
	p, l, there := pair(t)
	if p.send(frames(datagram("one"))) {
		t.Error("the first was queued")
	}
	p.enqueue(frames(datagram("two")), 0)
	p.send(frames(datagram("three")))
	if len(p.queue) != 2 {
		t.Errorf("%d frames are queued, want 2", len(p.queue))
	}
	if err := p.flush(l); err != nil || p.queued != 0 || p.writing {
		t.Errorf("flush: %v, then %d bytes are queued", err, p.queued)
	}
	p.send(frames(datagram("four")))
	expect(t, there, datagram("one"), datagram("two"), datagram("three"), datagram("four"))
}

func TestAfterAQueueWasWrittenNoDeadlineIsLeft(t *testing.T) {
	p, l, there := pair(t)
	p.enqueue(frames(datagram("one")), 0)
	l.conn.SetWriteDeadline(time.Now().Add(-time.Second))
	if err := p.flush(l); err != nil {
		t.Fatal(err)
	}
	l.conn.SetWriteDeadline(time.Now().Add(-time.Second)) // what a write has left behind for long
	if err := p.flush(l); err != nil {
		t.Fatal(err)
	}
	p.send(frames(datagram("two")))
	expect(t, there, datagram("one"), datagram("two"))
}

func TestALostConnectionTakesItsQueueAlong(t *testing.T) {
	p, l, _ := pair(t)
	p.enqueue(frames(datagram("one"), datagram("two")), 0)
	if err := p.detach(l, errHungUp); !errors.Is(err, errHungUp) {
		t.Errorf("lost because of %v", err)
	}
	s := p.status()
	if s.Connected || s.QueuedBytes != 0 || s.Shed != 2 || len(p.queue) != 0 || p.writing || s.LastError != errHungUp.Error() {
		t.Errorf("peer is %+v with %d frames queued", s, len(p.queue))
	}
	if c := p.t.Stats(); c.SendFailures != 2 || !errors.Is(c.LastSendError, errHungUp) {
		t.Errorf("counted %+v", c)
	}
}

func TestABrokenConnectionLosesWhatIsSentAndSaysWhyItBroke(t *testing.T) {
	p, l, _ := pair(t)
	l.conn.Close()
	p.send(frames(datagram("one")))
	p.send(frames(datagram("two")))
	if p.shed != 2 || !errors.Is(l.cause, net.ErrClosed) {
		t.Errorf("%d lost because of %v", p.shed, l.cause)
	}
}
