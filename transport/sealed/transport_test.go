package sealed

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"paxos/node"
	"paxos/protocol"
	"paxos/transport"
	"paxos/transport/memory"
)

func TestDatagramsPassInOrderWithGroupAndAddressee(t *testing.T) {
	from, to, _ := couple(t)
	out := toAcceptors("one", "", strings.Repeat("three", 1000))
	out[2].Only = protocol.Peer{Role: protocol.RoleAcceptor, ID: 3}
	from.Send(out)
	got := receive(t, to)
	if len(got) != len(out) {
		t.Fatalf("%d datagrams came, want %d", len(got), len(out))
	}
	for i := range out {
		if got[i].Group != out[i].Group || got[i].Only != out[i].Only || !bytes.Equal(got[i].Data, out[i].Data) {
			t.Errorf("datagram %d: got %+v, want %+v", i, got[i], out[i])
		}
	}
}

func TestManyAndLargeDatagramsGoOutInSeveralPortions(t *testing.T) {
	inner := &stub{max: 65024}
	tr := wrapped(t, inner, options(testSecret))
	buffer := cap(tr.buffer)
	for _, size := range []int{0, 100, 8192, 65024 - Trailer} {
		var out []transport.Datagram
		for i := range 300 {
			out = append(out, transport.Datagram{Data: bytes.Repeat([]byte{byte(i)}, size)})
		}
		inner.sent = nil
		tr.Send(out)
		if len(inner.sent) != len(out) {
			t.Fatalf("%d of %d bytes were sent, want %d", len(inner.sent), size, len(out))
		}
		for i, d := range inner.sent {
			if !bytes.Equal(d.Data[:len(d.Data)-Trailer], out[i].Data) {
				t.Fatalf("datagram %d of %d bytes was sealed wrongly", i, size)
			}
		}
	}
	if cap(tr.buffer) != buffer {
		t.Errorf("the buffer has grown from %d to %d bytes", buffer, cap(tr.buffer))
	}
}

func TestADatagramWithoutRoomForATrailerIsASendFailure(t *testing.T) {
	from, to, _ := couple(t)
	room := from.MaxDatagram() - Trailer
	from.Send(toAcceptors("before", strings.Repeat("x", room+1), strings.Repeat("y", room)))
	if got := receive(t, to); len(got) != 2 || len(got[1].Data) != room {
		t.Errorf("%d datagrams came, want the first and the last", len(got))
	}
	if s := from.Stats(); s.SendFailures != 1 || !errors.Is(s.LastSendError, errTooLarge) || s.SentDatagrams != 2 {
		t.Errorf("counted %+v", s)
	}
}

func TestTheNodeLeavesRoomForTheTrailer(t *testing.T) {
	for _, datagram := range []int{548, 1472, memory.MaxDatagram, 65024} {
		s, err := node.SizesFor(datagram, 3)
		if err == nil && s.Body+protocol.FrameOverhead+Trailer > datagram {
			t.Errorf("a body of %d bytes does not fit a datagram of %d with its trailer", s.Body, datagram)
		}
	}
}

func TestWhatDoesNotOpenIsDroppedAndCountedByReason(t *testing.T) {
	from, to, stranger := couple(t)
	from.Send(toAcceptors("good", "heard twice"))
	heard := receive(t, stranger)
	stranger.Send(toAcceptors("a datagram that nobody has sealed, of some length"))
	stranger.Send(heard[1:])
	wrapped(t, stranger, options("another secret of another cluster")).Send(toAcceptors("foreign"))
	late := wrapped(t, stranger, options(testSecret))
	late.now = func() time.Time { return time.Now().Add(-time.Hour) }
	late.Send(toAcceptors("an hour old"))
	to.opener.senders.most = 1
	wrapped(t, stranger, options(testSecret)).Send(toAcceptors("no place"))

	got := receive(t, to)
	if len(got) != 2 || string(got[0].Data) != "good" || string(got[1].Data) != "heard twice" {
		t.Errorf("got %q", got)
	}
	s := to.Stats()
	if s.Unauthentic != 2 || s.Replayed != 1 || s.Stale != 1 || s.Crowded != 1 {
		t.Errorf("counted %+v", s)
	}
	if s.ReceivedDatagrams != 2 || s.ReceivedBytes != uint64(len("good"+"heard twice")) {
		t.Errorf("counted %+v: what is refused is not received, and trailers are no payload", s)
	}
	if s := from.Stats(); s.SentDatagrams != 2 || s.SentBytes != uint64(len("good"+"heard twice")) {
		t.Errorf("counted %+v: trailers are no payload", s)
	}
}

func TestReceiveKeepsWhatStoodInFrontAndPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	inner := &stub{max: 1000, arriving: toAcceptors("not sealed"), err: broken}
	tr := wrapped(t, inner, options(testSecret))
	got, err := tr.Receive(toAcceptors("in front"))
	if !errors.Is(err, broken) || len(got) != 1 || string(got[0].Data) != "in front" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAWakeThatComesWithARefusedDatagramIsNotSwallowed(t *testing.T) {
	_, to, stranger := couple(t)
	stranger.Send(toAcceptors("nonsense"))
	to.Wake()
	if got := receive(t, to); len(got) != 0 { // it would wait here for half a minute
		t.Errorf("got %q", got)
	}
	to.Close()
	if _, err := to.Receive(nil); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestSizesAreThoseOfTheInnerTransport(t *testing.T) {
	inner := memory.NewNetwork(1).Join()
	tr := wrapped(t, inner, options(testSecret))
	if tr.MaxDatagram() != inner.MaxDatagram() || tr.Window() != inner.Window() {
		t.Errorf("%d and %d, want %d and %d", tr.MaxDatagram(), tr.Window(), inner.MaxDatagram(), inner.Window())
	}
}

func TestSendingAndReceivingAllocateNothing(t *testing.T) {
	inner := &stub{max: 65024}
	a, b := wrapped(t, inner, options(testSecret)), wrapped(t, inner, options(testSecret))
	out := toAcceptors("a command", strings.Repeat("x", 8000), strings.Repeat("y", 100))
	got := make([]transport.Datagram, 0, 10)
	allocations := testing.AllocsPerRun(100, func() {
		inner.sent = inner.sent[:0]
		a.Send(out)
		inner.arriving = inner.sent
		got, _ = b.Receive(got[:0])
	})
	if allocations != 0 || len(got) != len(out) {
		t.Errorf("%v allocations for %d datagrams", allocations, len(got))
	}
}

// stub is a transport that keeps what is sent and hands out what it is told to.
type stub struct {
	transport.Transport
	max            int
	sent, arriving []transport.Datagram
	space          []byte // for copies of what is sent
	err            error
}

func (s *stub) Send(out []transport.Datagram) {
	if len(s.sent) == 0 {
		s.space = s.space[:0]
	}
	for _, d := range out {
		start := len(s.space)
		s.space = append(s.space, d.Data...)
		d.Data = s.space[start:]
		s.sent = append(s.sent, d)
	}
}

func (s *stub) Receive(into []transport.Datagram) ([]transport.Datagram, error) {
	return append(into, s.arriving...), s.err
}

func (s *stub) MaxDatagram() int { return s.max }
func (s *stub) Close() error     { return nil }

// BenchmarkSeal and BenchmarkOpen are what the key costs for each datagram.
func BenchmarkSeal(b *testing.B) {
	eachSize(b, func(b *testing.B, payload []byte) {
		tr := wrapped(b, new(discard), options(testSecret))
		out := []transport.Datagram{{Group: group, Data: payload}}
		for b.Loop() {
			tr.Send(out)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	eachSize(b, func(b *testing.B, payload []byte) {
		s, o := sealing(b), opening(b, 10)
		data := s.seal(nil, group, noon, payload)
		for b.Loop() {
			if _, v := o.open(group, noon, data); v == unauthentic {
				b.Fatal("it does not open")
			}
		}
	})
}

// BenchmarkStrangers is the cost of a datagram from a sender nobody has heard of.
func BenchmarkStrangers(b *testing.B) {
	o := opening(b, 10)
	data := make([]byte, 100)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		data[60] = byte(i)
		o.open(group, noon, data)
	}
}

func eachSize(b *testing.B, run func(*testing.B, []byte)) {
	for _, size := range []int{100, 1400, 8192, 65024 - Trailer} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			run(b, make([]byte, size))
		})
	}
}

// discard is a transport that loses everything.
type discard struct{ stub }

func (*discard) Send([]transport.Datagram) {}
func (*discard) MaxDatagram() int          { return 65024 }
