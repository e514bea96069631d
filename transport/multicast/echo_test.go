package multicast

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"runtime"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/transport"
)

func TestOnlyOthersHearASender(t *testing.T) {
	if err := onlyOthersHear("lo"); err != nil {
		t.Error(err)
	}
}

// onlyOthersHear lets one of three transports on an interface send to the groups
// of all. What it hears of the second shows that nothing of its own came before.
func onlyOthersHear(interfaceName string, meanwhile ...string) error {
	var members [3]*Transport
	o := onLoopback(groups(), learners, acceptors)
	o.Interface = interfaceName
	for i := range members {
		m, err := openBounded(o)
		if err != nil {
			return err
		}
		defer m.Close()
		members[i] = m
	}
	for _, command := range meanwhile {
		if err := run(command); err != nil {
			return err
		}
	}
	return secondIsHeard(members)
}

// secondIsHeard takes one group after the other, as order holds only within one.
func secondIsHeard(members [3]*Transport) error {
	for _, g := range []protocol.Group{learners, acceptors} {
		own, others := numbered(g, 100), []transport.Datagram{{Group: g, Data: []byte("of the second")}}
		members[0].Send(own)
		members[1].Send(others)
		for i, want := range [][]transport.Datagram{others, own, append(own[:100:100], others...)} {
			if err := hears(members[i], want); err != nil {
				return fmt.Errorf("member %d: %w", i, err)
			}
		}
	}
	for i, m := range members {
		if s := m.Stats(); s.Overflowed != 0 || s.SendFailures != 0 {
			return fmt.Errorf("member %d: echoes are counted as lost: %+v", i, s)
		}
	}
	return nil
}

func TestOnlyOthersHearASenderWhateverTheAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		interfaceName string
		before, after []string
	}{
		"plain lo":            {"lo", nil, nil},
		"lo routed":           {"lo", []string{"ip link set lo multicast on", "ip route add 224.0.0.0/4 dev lo"}, nil},
		"lo with two more":    {"lo", []string{"ip addr add 10.9.8.1/24 dev lo", "ip addr add 10.9.9.1/24 dev lo"}, nil},
		"lo beside another":   {"lo", []string{"ip addr add 10.9.9.1/24 dev d0"}, nil},
		"none":                {"d0", nil, nil},
		"only another's":      {"d0", []string{"ip addr add 10.9.9.1/24 dev lo"}, nil},
		"one":                 {"d0", []string{"ip addr add 10.9.9.1/24 dev d0"}, nil},
		"several":             {"d0", []string{"ip addr add 10.9.8.1/24 dev d0", "ip addr add 10.9.9.1/24 dev d0", "ip addr add 10.9.9.2/24 dev d0"}, nil},
		"added while open":    {"d0", nil, []string{"ip addr add 10.9.9.1/24 dev d0"}},
		"replaced while open": {"d0", []string{"ip addr add 10.9.9.1/24 dev d0"}, []string{"ip addr flush dev d0", "ip addr add 10.9.8.1/24 dev d0"}},
	} {
		t.Run(name, func(t *testing.T) {
			inNamespace(t, func() error {
				for _, command := range append(veth[:len(veth):len(veth)], c.before...) {
					if err := run(command); err != nil {
						return err
					}
				}
				return onlyOthersHear(c.interfaceName, c.after...)
			})
		})
	}
}

// veth makes two interfaces with a cable between them.
var veth = []string{
	"ip link set lo up",
	"ip link add d0 type veth peer name d1",
	"ip link set d0 up",
	"ip link set d1 up",
}

func TestAnotherHostThatUsesTheSamePortIsHeard(t *testing.T) {
	inNamespace(t, func() error {
		for _, command := range append(veth[:len(veth):len(veth)], "ip addr add 10.9.9.1/24 dev d0") {
			if err := run(command); err != nil {
				return err
			}
		}
		o := onLoopback(groups(), learners)
		o.Interface = "d0"
		m, err := openBounded(o)
		if err != nil {
			return err
		}
		defer m.Close()
		port := m.udp.LocalAddr().(*net.UDPAddr).Port
		if err := sendFromAnotherHost(port, net.UDPAddrFromAddrPort(o.Groups[learners])); err != nil {
			return err
		}
		return hears(m, []transport.Datagram{{Group: learners, Data: []byte("from afar")}})
	})
}

// sendFromAnotherHost moves d1 into a namespace of its own, and sends from there.
func sendFromAnotherHost(port int, to net.Addr) error {
	thread, moved, done := make(chan int, 1), make(chan struct{}), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlock: the namespace ends with the thread
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		thread <- unix.Gettid()
		<-moved
		done <- sendThrough("d1", "10.9.9.2", port, to)
	}()
	select {
	case err := <-done:
		return err
	case id := <-thread:
		err := run(fmt.Sprintf("ip link set d1 netns %d", id))
		close(moved)
		if err != nil {
			return err
		}
		return <-done
	}
}

func sendThrough(interfaceName, address string, port int, to net.Addr) error {
	for _, command := range []string{"ip addr add " + address + "/24 dev " + interfaceName, "ip link set " + interfaceName + " up"} {
		if err := run(command); err != nil {
			return err
		}
	}
	ifi, err := net.InterfaceByName(interfaceName)
	if err != nil {
		return err
	}
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{Port: port})
	if err != nil {
		return err
	}
	defer udp.Close()
	if err := ipv4.NewPacketConn(udp).SetMulticastInterface(ifi); err != nil {
		return err
	}
	_, err = udp.WriteTo([]byte("from afar"), to)
	return err
}

func TestEchoFilterDropsOwnPortOfThisHostOnly(t *testing.T) {
	const own, host, multicast = 40000, 0, 2 // PACKET_HOST, PACKET_MULTICAST
	for _, c := range []struct {
		loopback   bool
		port, kind int
		keep       bool
	}{
		{true, own, host, false},
		{true, own + 1, host, true},
		{true, own ^ 0x100, host, true},
		{false, own, packetLoopback, false},
		{false, own, multicast, true},
		{false, own, host, true},
		{false, own + 1, packetLoopback, true},
		{false, own ^ 0x100, packetLoopback, true},
		{false, own + 1, multicast, true},
	} {
		packet := binary.BigEndian.AppendUint16(nil, uint16(c.port))
		packet = append(packet, make([]byte, 6+MaxDatagram)...)
		want := 0
		if c.keep {
			want = len(packet)
		}
		if got := filtered(t, echoFilter(c.loopback, own), c.kind, packet); min(got, len(packet)) != want {
			t.Errorf("lo %v, port %d, packet type %d: %d bytes are kept, want %d", c.loopback, c.port, c.kind, got, want)
		}
	}
}

// filtered runs a filter over a packet from its UDP header on. The virtual machine
// knows no packet types, so it finds a constant instead.
func filtered(t *testing.T, filter []bpf.Instruction, kind int, packet []byte) int {
	t.Helper()
	for i, in := range filter {
		if in == (bpf.LoadExtension{Num: bpf.ExtType}) {
			filter[i] = bpf.LoadConstant{Dst: bpf.RegA, Val: uint32(kind)}
		}
	}
	vm, err := bpf.NewVM(filter)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := vm.Run(packet)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func TestOverflowsAreToldFromEchoes(t *testing.T) {
	from, m := pair(t, onLoopback(groups(), learners))
	m.Send(numbered(learners, 300))
	m.Send([]transport.Datagram{{Group: learners, Data: make([]byte, 70_000)}}) // refused: no echo
	sent := numbered(learners, 2*m.ReceiveBuffer()/Charge(20))
	from.Send(sent)
	got := receive(t, m, len(sent))
	if lost := int(m.Stats().Overflowed); lost == 0 || lost+len(got) != len(sent) {
		t.Errorf("sent %d, received %d, overflowed %d", len(sent), len(got), lost)
	}
}

func TestOverflowsGrowAcrossTheKernelsCounter(t *testing.T) {
	for _, c := range []struct {
		seen   uint64
		drops  uint32
		echoes uint64
		want   uint64
	}{
		{0, 0, 0, 0},
		{0, 105, 100, 5},
		{5, 105, 100, 5},
		{5, 105, 164, 5}, // echoes on their way
		{5, 170, 164, 6},
		{5, 4, math.MaxUint32, 5}, // all of them echoes, counted round
		{5, 7, math.MaxUint32, 8}, // and three overflows
		{5, 8, 1<<40 + 1, 7},      // round many times
		{math.MaxUint32, 100, 100, math.MaxUint32 + 1}, // the overflows round
	} {
		if got := overflowsNow(c.seen, c.drops, c.echoes); got != c.want {
			t.Errorf("seen %d, then %d drops, %d echoes: got %d, want %d", c.seen, c.drops, c.echoes, got, c.want)
		}
	}
}
