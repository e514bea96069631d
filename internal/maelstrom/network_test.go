package maelstrom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

// testNetwork is the network of n1 among n1, n2 and n3.
func testNetwork(t *testing.T, out io.Writer) *network {
	t.Helper()
	p := newPrinter(out)
	t.Cleanup(p.close)
	n, err := newNetwork(p, []string{"n1", "n2", "n3"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func from(t *testing.T, src, body string) *message {
	t.Helper()
	m, err := decode([]byte(`{"src":"` + src + `","dest":"n1","body":` + body + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return &m
}

func TestADatagramGoesToAllOthersOrToOne(t *testing.T) {
	var out bytes.Buffer
	n := testNetwork(t, &out)
	data := []byte{0, 1, 255}
	n.Send([]transport.Datagram{
		{Group: protocol.GroupLearners, Data: data},
		{Group: protocol.GroupAcceptors, Only: protocol.Peer{Role: protocol.RoleServer, ID: 3}, Data: data},
		{Group: protocol.GroupAcceptors, Only: protocol.Peer{Role: protocol.RoleServer, ID: 4}, Data: data},
		{Group: protocol.GroupAcceptors, Data: make([]byte, maxDatagram+1)},
	})
	n.out.close()
	want := `{"src":"n1","dest":"n2","body":{"type":"paxos","group":3,"data":"AAH/"}}
{"src":"n1","dest":"n3","body":{"type":"paxos","group":3,"data":"AAH/"}}
{"src":"n1","dest":"n3","body":{"type":"paxos","group":2,"data":"AAH/"}}
`
	if out.String() != want {
		t.Errorf("got %s", out.String())
	}
	s := n.Stats()
	if s.SentDatagrams != 3 || s.SendFailures != 2 || !errors.Is(s.LastSendError, errTooLarge) {
		t.Errorf("got %+v", s)
	}
}

func TestADatagramArrivesAsItWasSent(t *testing.T) {
	var out bytes.Buffer
	n := testNetwork(t, &out)
	sent := transport.Datagram{Group: protocol.GroupProposers, Data: bytes.Repeat([]byte("<é\x00"), 1000)}
	n.Send([]transport.Datagram{sent})
	n.out.close()
	line, _, _ := strings.Cut(out.String(), "\n")
	m, err := decode([]byte(strings.Replace(line, `"src":"n1"`, `"src":"n2"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	n.deliver(&m)
	got, err := n.Receive(nil)
	if err != nil || len(got) != 1 || got[0].Group != sent.Group || !bytes.Equal(got[0].Data, sent.Data) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestBadDatagramsAreCountedAndDropped(t *testing.T) {
	n := testNetwork(t, io.Discard)
	for _, body := range []string{
		`{"type":"paxos"}`, `{"type":"paxos","group":4,"data":"AAAA"}`, `{"type":"paxos","group":-1,"data":"AAAA"}`,
		`{"type":"paxos","group":1,"data":"***"}`, `{"type":"paxos","group":1,"data":7}`,
	} {
		n.deliver(from(t, "n2", body))
	}
	good := `{"type":"paxos","group":1,"data":"AAAA"}`
	n.deliver(from(t, "n1", good)) // ourselves
	n.deliver(from(t, "n4", good))
	big, _ := json.Marshal(make([]byte, maxDatagram+1))
	n.deliver(from(t, "n2", `{"type":"paxos","group":1,"data":`+string(big)+`}`))
	n.deliver(from(t, "n2", good))
	n.Wake()
	got, err := n.Receive(nil)
	// The first one is an empty datagram, which the engine drops.
	if err != nil || len(got) != 2 || len(got[0].Data) != 0 || len(got[1].Data) != 3 {
		t.Errorf("got %v, %v", got, err)
	}
	if s := n.Stats(); s.ReceiveErrors != 6 || s.Oversized != 1 || s.ReceivedDatagrams != 2 {
		t.Errorf("got %+v", s)
	}
}

func TestFullQueuesLoseWhatComesLast(t *testing.T) {
	n := testNetwork(t, io.Discard)
	small := transport.Datagram{Data: make([]byte, 1)}
	for range maxQueued + 10 {
		n.put(small)
	}
	if got, _ := n.Receive(nil); len(got) != maxQueued {
		t.Errorf("%d small datagrams waited", len(got))
	}
	large := transport.Datagram{Data: make([]byte, maxDatagram)}
	for range maxQueued {
		n.put(large)
	}
	if got, _ := n.Receive(nil); len(got) != maxQueuedBytes/maxDatagram || len(got) < window/maxDatagram {
		t.Errorf("%d large datagrams waited", len(got))
	}
	if s := n.Stats(); s.Overflowed != 10+maxQueued-maxQueuedBytes/maxDatagram {
		t.Errorf("got %+v", s)
	}
}

func TestReceiveEndsByWakeAlarmAndClose(t *testing.T) {
	n := testNetwork(t, io.Discard)
	n.Wake()
	if got, err := n.Receive(nil); len(got) != 0 || err != nil {
		t.Errorf("after Wake: %v, %v", got, err)
	}
	n.WakeAt(time.Now().Add(time.Hour))
	n.WakeAt(time.Now().Add(time.Millisecond))
	if got, err := n.Receive(nil); len(got) != 0 || err != nil {
		t.Errorf("after an alarm: %v, %v", got, err)
	}
	time.AfterFunc(time.Millisecond, func() { n.Close() })
	if _, err := n.Receive(nil); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	n.put(transport.Datagram{Data: []byte{1}})
	if len(n.queue) != 0 {
		t.Error("a closed network keeps datagrams")
	}
}

// stuck is a reader of stdout that reads nothing until it is let go.
type stuck struct{ free chan struct{} }

func (s stuck) Write(p []byte) (int, error) {
	<-s.free
	return len(p), nil
}

func TestAStuckReaderCostsDatagramsAndBoundedMemory(t *testing.T) {
	out := stuck{make(chan struct{})}
	p := newPrinter(out)
	line := make([]byte, 1<<20)
	taken, replies := 0, 0
	for range 100 {
		if p.print(datagramBacklog, line) {
			taken++
		}
	}
	for range 100 {
		if p.print(replyBacklog, line) {
			replies++
		}
	}
	// What is being written, at most as much again, counts no more.
	if most := 2 * (datagramBacklog>>20 + 1); taken > most || taken == 0 {
		t.Errorf("%d MiB of datagrams wait", taken)
	}
	if replies == 0 || replies > replyBacklog>>20+1 {
		t.Errorf("%d MiB of replies wait", replies)
	}
	close(out.free)
	p.close()
	if p.err != nil || p.print(replyBacklog, line) {
		t.Errorf("after close: %v", p.err)
	}
}

func TestAReaderThatWentAwayEndsThePrinter(t *testing.T) {
	in, out := io.Pipe()
	in.Close()
	p := newPrinter(out)
	p.print(replyBacklog, []byte("x"))
	<-p.done
	if !errors.Is(p.err, io.ErrClosedPipe) {
		t.Error(p.err)
	}
}

func TestNamesOfNodesMayBeAnything(t *testing.T) {
	var out bytes.Buffer
	p := newPrinter(&out)
	n, err := newNetwork(p, []string{`a"b`, "n\n2"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	n.Send([]transport.Datagram{{Data: []byte{1}}})
	p.close()
	m, err := decode(out.Bytes())
	if err != nil || m.Src != `a"b` || m.Dest != "n\n2" || strings.Count(out.String(), "\n") != 1 {
		t.Error(fmt.Sprintf("%q", out.String()), err)
	}
}
