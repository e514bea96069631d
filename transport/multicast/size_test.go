package multicast

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"paxos/transport"
)

func TestReceiveBufferHoldsWhatChargeSays(t *testing.T) {
	for _, n := range []int{0, 1, 100, 192, 193, 300, 640, 641, 1000, 1472, 1664, 1665, 3584, 3712, 3713,
		7680, 7808, 7809, 8192, 15872, 16000, 16001, 20000, 32256, MaxDatagram} {
		from, m := pair(t, onLoopback(groups(), learners))
		sent := make([]transport.Datagram, m.ReceiveBuffer()/Charge(n))
		for i := range sent {
			sent[i] = transport.Datagram{Group: learners, Data: make([]byte, n)}
		}
		from.Send(sent)
		receive(t, m, len(sent))
		if lost := m.Stats().Overflowed; lost != 0 {
			t.Errorf("%d datagrams of %d bytes, charged %d each, sent to a buffer of %d bytes: %d overflowed",
				len(sent), n, Charge(n), m.ReceiveBuffer(), lost)
		}
	}
}

// A sender that keeps a window in flight, refilled as the receiver reads, meets
// the kernel at its worst: memory of what was read is given back late.
func TestRefilledWindowNeverOverflows(t *testing.T) {
	for _, buffer := range []int{0, DefaultBuffer} {
		o := onLoopback(groups(), learners)
		o.ReceiveBuffer = buffer
		from, m := pair(t, o)
		full := transport.Datagram{Group: learners, Data: make([]byte, m.MaxDatagram())}
		sent, received := 0, 0
		var got []transport.Datagram
		for received < 2000 {
			for ; (sent-received+1)*m.MaxDatagram() <= m.Window(); sent++ {
				from.Send([]transport.Datagram{full})
			}
			var err error
			if got, err = m.Receive(got[:0]); err != nil {
				t.Fatal(err)
			}
			received += len(got)
			if lost := m.Stats().Overflowed; lost != 0 {
				t.Fatalf("buffer %d, window %d: %d overflowed", m.ReceiveBuffer(), m.Window(), lost)
			}
		}
	}
}

func TestDatagramSizeFollowsTheMTUAndTheGrantedBuffer(t *testing.T) {
	const loopback, ethernet, jumbo = 65536, 1500, 9000
	for _, c := range []struct{ mtu, buffer, size, window int }{
		{loopback, 212_992, 7680, 12},
		{loopback, 425_984, 15872, 12},
		{loopback, 1 << 20, 32256, 15},
		{loopback, 8 << 20, MaxDatagram, 63},
		{loopback, 64 << 20, MaxDatagram, 508},
		{jumbo, 212_992, 7680, 12},
		{jumbo, 8 << 20, 8972, 252},
		{ethernet, 212_992, 1472, 46},
		{ethernet, 8 << 20, 1472, 1820},
		{576, 212_992, 548, 83},
		{loopback, 2304, 548, 1},
		{68, 2304, 548, 1},
	} {
		size := datagramBytes(c.mtu, c.buffer)
		if window := windowBytes(size, c.buffer); size != c.size || window != c.window*c.size {
			t.Errorf("MTU %d, buffer %d: got %d bytes, window %d; want %d, %d",
				c.mtu, c.buffer, size, window, c.size, c.window*c.size)
		}
	}
}

func TestBuffersAreTheSystemsOwnUnlessAskedFor(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/net/core/rmem_default")
	if err != nil {
		t.Fatal(err)
	}
	usual, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []int{0, 1} { // 1: never made smaller
		o := onLoopback(groups(), learners)
		o.ReceiveBuffer, o.SendBuffer = wanted, wanted
		if got := open(t, o).ReceiveBuffer(); got != usual {
			t.Errorf("wanted %d: got a buffer of %d bytes, want %d", wanted, got, usual)
		}
	}
	o := onLoopback(groups()) // joins nothing
	o.ReceiveBuffer, o.SendBuffer = usual, usual
	if got := open(t, o).ReceiveBuffer(); got < usual {
		t.Errorf("wanted %d: got a buffer of %d bytes", usual, got)
	}
}

func TestFixedDatagramSizeIsKept(t *testing.T) {
	o := onLoopback(groups(), learners)
	o.DatagramBytes = 1234
	m := open(t, o)
	if m.MaxDatagram() != 1234 || m.Window() != m.ReceiveBuffer()/2/2304*1234 {
		t.Errorf("got %d bytes, window %d", m.MaxDatagram(), m.Window())
	}
}
