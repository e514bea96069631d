package stream

import (
	"bytes"
	"errors"
	"testing"

	"paxos/protocol"
	"paxos/transport"
)

// feed hands bytes to a connection as a read would.
func (in *incoming) feed(b []byte, into []transport.Datagram) ([]transport.Datagram, error) {
	if in.buffer == nil {
		in.buffer = make([]byte, 0, readBytes)
	}
	in.buffer = append(in.buffer, b...)
	return in.split(into)
}

func TestFramesMayArriveInAnyPieces(t *testing.T) {
	sent := []transport.Datagram{
		{Group: protocol.GroupClients, Data: []byte("a")},
		{Group: protocol.GroupLearners, Data: []byte("bcdefg")},
		{Group: protocol.GroupAcceptors, Data: []byte("hi")},
	}
	var wire []byte
	for _, d := range sent {
		wire = appendFrame(wire, d)
	}
	for i := range len(wire) + 1 {
		for j := i; j <= len(wire); j++ {
			in, got := new(incoming), []transport.Datagram(nil)
			for _, piece := range [][]byte{wire[:i], wire[i:j], wire[j:]} {
				var err error
				if got, err = in.feed(piece, got); err != nil {
					t.Fatal(err)
				}
			}
			if !sameDatagrams(got, sent) || len(in.buffer) != 0 {
				t.Fatalf("cut at %d and %d: got %q, and %d bytes are left", i, j, texts(got), len(in.buffer))
			}
		}
	}
}

func sameDatagrams(a, b []transport.Datagram) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Group != b[i].Group || !bytes.Equal(a[i].Data, b[i].Data) {
			return false
		}
	}
	return true
}

func TestSmallDatagramsShareMemoryAndLargeOnesDoNot(t *testing.T) {
	var wire []byte
	for _, size := range []int{1000, 1000, 1000, 1000, 1000, 9000, 10} {
		wire = appendFrame(wire, transport.Datagram{Data: make([]byte, size)})
	}
	got, err := new(incoming).feed(wire, nil)
	if err != nil || len(got) != 7 {
		t.Fatalf("%d datagrams, %v", len(got), err)
	}
	allocations := testing.AllocsPerRun(10, func() {
		in := incoming{buffer: append([]byte(nil), wire...)}
		got, _ = in.split(got[:0])
	})
	if allocations != 1+4 { // the wire; 4 small ones, the fifth, the large one, the last
		t.Errorf("%v allocations", allocations)
	}
}

// FuzzSplit checks that whatever arrives, what is taken for frames is what came.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x03x\x02\x00\x00\x00yz\x05"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		wire = wire[:min(len(wire), readBytes)]
		in := new(incoming)
		got, err := in.feed(wire, nil)
		var again []byte
		for _, d := range got {
			again = appendFrame(again, d)
		}
		if !bytes.Equal(append(again, in.buffer...), wire) {
			t.Errorf("%x became %x, and %x is left", wire, again, in.buffer)
		}
		if size, _, e := firstFrame(in.buffer); size != 0 || (e == nil) != (err == nil) {
			t.Errorf("%x is left: %d, %v", in.buffer, size, err)
		}
	})
}

func TestWhatTheKernelDidNotTakeIsQueuedFromTheVeryByte(t *testing.T) {
	out := []transport.Datagram{datagram("one"), to(2, "two"), to(3, "not for 2"), datagram("three")}
	for written := 0; ; written++ {
		m := New(options(1))
		p := &peer{t: m, id: 2, work: make(chan struct{}, 1)}
		var b batch
		if b.fill(out, func(transport.Datagram) bool { return true }) != 4 || !b.encode(2) {
			t.Fatal("nothing to send")
		}
		if written == len(b.frames) {
			m.Close()
			break
		}
		want := bytes.Clone(b.frames[written:])
		if !p.enqueue(&b, written) {
			t.Error("nobody was woken")
		}
		clear(b.frames)
		if got := bytes.Join(p.queue, nil); !bytes.Equal(got, want) {
			t.Errorf("%d written: %q is queued instead of %q", written, got, want)
		}
		if s := m.Stats(); s.SentDatagrams != 3 || s.SentBytes != uint64(len("onetwothree")) || s.SendFailures != 0 {
			t.Errorf("%d written: counted %+v", written, s)
		}
		m.Close()
	}
}

func TestAQueueTakesWhatFitsAndTheRestOfAFrameInAnyCase(t *testing.T) {
	o := options(1)
	o.QueueBytes = 2 * (frameCost + frameHeader + 3)
	m := New(o)
	defer m.Close()
	p := &peer{t: m, id: 2, work: make(chan struct{}, 1)}
	var b batch
	all := func(transport.Datagram) bool { return true }
	for _, c := range []struct{ written, queued int }{{0, 2}, {5, 3}, {0, 3}} { // of three frames of 7 bytes
		b.fill([]transport.Datagram{datagram("abc"), datagram("def"), datagram("ghi")}, all)
		b.encode(2)
		p.enqueue(&b, c.written)
		if len(p.queue) != c.queued {
			t.Errorf("%d frames are queued, want %d", len(p.queue), c.queued)
		}
	}
	if s := m.Stats(); s.SendFailures != 1+2+3 || !errors.Is(s.LastSendError, errQueueFull) || p.shed != 6 {
		t.Errorf("counted %+v", s)
	}
}

func TestADatagramThatWaitsForSeveralPeersIsCopiedOnce(t *testing.T) {
	m := New(options(1))
	defer m.Close()
	var b batch
	b.fill([]transport.Datagram{to(2, "for 2"), datagram("for all")}, func(transport.Datagram) bool { return true })
	var copies []*byte
	for id := protocol.NodeID(2); id < 5; id++ {
		p := &peer{t: m, id: id, work: make(chan struct{}, 1)}
		b.encode(id)
		p.enqueue(&b, 0)
		copies = append(copies, &p.queue[len(p.queue)-1][0])
	}
	if copies[0] != copies[1] || copies[1] != copies[2] {
		t.Error("there are several copies")
	}
}
