package servers

import (
	"net"
	"testing"
	"time"
)

const group = "239.255.7.7:7000"

// listener hears a group beside the bridge.
func listener(t *testing.T, n *Network) net.PacketConn {
	t.Helper()
	to, err := net.ResolveUDPAddr("udp4", group)
	ok(t, err)
	var conn *net.UDPConn
	ok(t, n.Beside(func() error {
		bridge, err := net.InterfaceByName(BridgeInterface)
		if err == nil {
			conn, err = net.ListenMulticastUDP("udp4", bridge, to)
		}
		return err
	}))
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestWhatIsSentToAGroupIsHeardBesideTheBridge(t *testing.T) {
	n, c := newNetwork(t, 1)
	ok(t, n.AllowMulticast())
	conn := listener(t, n)
	if got := says(t, c, 1, "/say?to="+group); got != "<nil>" {
		t.Fatal(got)
	}
	ok(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	text := make([]byte, 10)
	length, from, err := conn.ReadFrom(text)
	if ok(t, err); string(text[:length]) != "heard" || from.(*net.UDPAddr).IP.String() != n.Host(1) {
		t.Errorf("heard %q from %s", text[:length], from)
	}
}

func TestLossIsOfOneDirectionAndApartFromPartitions(t *testing.T) {
	n, c := newNetwork(t, 3)
	for _, step := range []struct {
		name string
		do   func() error
		want string
	}{
		{"server 1 loses all that comes from 2", func() error { return n.Lose(1, 100, 2) }, "101 011 111 "},
		{"a partition changes nothing about it", func() error { return n.Partition([]int{1, 2, 3}) }, "101 011 111 "},
		{"nor does healing", n.Heal, "101 011 111 "},
		{"it is replaced", func() error { return n.Lose(1, 100, 3) }, "110 111 011 "},
		{"it ends", func() error { return n.Lose(1, 0, 2, 3) }, "111 111 111 "},
	} {
		ok(t, step.do())
		if got := hears(t, c, step.want); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
}
