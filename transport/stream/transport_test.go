package stream

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"paxos/protocol"
	"paxos/transport"
)

func TestDatagramsArriveWholeAndInOrderWithTheirGroup(t *testing.T) {
	a, b := start(t, options(1)), start(t, options(2))
	acquaint(t, a, b)
	r := rand.New(rand.NewPCG(1, 2))
	var sent []transport.Datagram
	for i := range 300 {
		data := make([]byte, 1+r.IntN([]int{100, 5000, protocol.MaxDatagram}[i%3]))
		for j := range data {
			data[j] = byte(r.Uint32())
		}
		sent = append(sent, transport.Datagram{Group: protocol.Group(i % protocol.Groups), Data: data})
	}
	go func() {
		for rest := sent; len(rest) > 0; {
			n := min(len(rest), 1+len(rest)%17)
			a.Send(rest[:n])
			rest = rest[n:]
		}
	}()
	for i, d := range receive(t, b, len(sent)) {
		if d.Group != sent[i].Group || !bytes.Equal(d.Data, sent[i].Data) {
			t.Fatalf("datagram %d: got %d bytes for %s, want %d for %s", i, len(d.Data), d.Group, len(sent[i].Data), sent[i].Group)
		}
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
	if s := a.Stats(); s.SentDatagrams != 7 || s.SendFailures != 0 {
		t.Errorf("counted %+v", s)
	}
}
