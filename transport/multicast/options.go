package multicast

import (
	"fmt"
	"net/netip"

	"paxos/protocol"
)

// DefaultBuffer is a good value for Options' buffers: 4 MiB.
const DefaultBuffer = 4 << 20

// MaxDatagram is the largest payload that any member sends, in bytes; what is
// larger is dropped on arrival, which bounds the memory of the read buffers. One
// sender reaches three receivers on lo with 10 MB/s in datagrams of 100 bytes, 510
// in 7,680, 900 in 15,872 and 1,000 to 1,400 in 32,256 and these (BenchmarkThreeReceivers,
// two cores); these are for the work that comes with each datagram: a wake-up, a vote, a sync.
const MaxDatagram = 64<<10 - headroom

// minDatagram is what every IPv4 network carries: 576 bytes less the headers.
const minDatagram = 576 - headerBytes

// Options says where and how a transport is opened.
type Options struct {
	// Groups are the addresses of all groups: IPv4 multicast, no two the same.
	Groups [protocol.Groups]netip.AddrPort
	// Join names the groups to receive from; none is allowed, for a mere sender.
	Join []protocol.Group
	// Interface is a name like "lo" or "eth0". Empty means: the one that the route
	// to the first group names, else the first that can multicast, else lo.
	Interface string
	// TTL is how many networks a datagram may cross, 1 to 255; 0 means 1.
	TTL int
	// ReceiveBuffer and SendBuffer are the wanted sizes of the socket buffers in
	// bytes, as for SO_RCVBUF and SO_SNDBUF. The system may grant less (see sysctl
	// net.core.rmem_max and wmem_max). 0 leaves the system's default.
	ReceiveBuffer, SendBuffer int
	// DatagramBytes fixes MaxDatagram(), 548 to 65,024 payload bytes; 0 chooses by
	// the interface's MTU and the granted receive buffer. Above the interface's MTU
	// less 28 the network fragments datagrams: every fragment lost is a datagram lost.
	DatagramBytes int
}

// check reports the first option that cannot work, and sets what was left out.
func (o *Options) check() error {
	if err := checkGroups(o.Groups); err != nil {
		return err
	}
	if err := checkJoin(o.Join); err != nil {
		return err
	}
	if o.TTL == 0 {
		o.TTL = 1
	}
	if o.TTL < 1 || o.TTL > 255 {
		return fmt.Errorf("multicast: TTL %d: must be 1 to 255", o.TTL)
	}
	if o.ReceiveBuffer < 0 || o.SendBuffer < 0 {
		return fmt.Errorf("multicast: buffers of %d and %d bytes: must not be negative", o.ReceiveBuffer, o.SendBuffer)
	}
	if n := o.DatagramBytes; n != 0 && (n < minDatagram || n > MaxDatagram) {
		return fmt.Errorf("multicast: datagrams of %d bytes: must be %d to %d, or 0 to choose", n, minDatagram, MaxDatagram)
	}
	return nil
}

func checkGroups(groups [protocol.Groups]netip.AddrPort) error {
	seen := make(map[netip.AddrPort]protocol.Group)
	for i, addr := range groups {
		g := protocol.Group(i)
		if !addr.Addr().Is4() || !addr.Addr().IsMulticast() {
			return fmt.Errorf("multicast: group %s: %s is not an IPv4 multicast address (224.0.0.0 to 239.255.255.255)", g, addr.Addr())
		}
		if addr.Port() == 0 {
			return fmt.Errorf("multicast: group %s: port 0: must be 1 to 65535", g)
		}
		if other, dup := seen[addr]; dup {
			return fmt.Errorf("multicast: groups %s and %s are both %s: give one of them another address or port", other, g, addr)
		}
		seen[addr] = g
	}
	return nil
}

func checkJoin(join []protocol.Group) error {
	var seen [protocol.Groups]bool
	for _, g := range join {
		if int(g) >= protocol.Groups {
			return fmt.Errorf("multicast: cannot join %s: there is no such group", g)
		}
		if seen[g] {
			return fmt.Errorf("multicast: group %s is to be joined twice", g)
		}
		seen[g] = true
	}
	return nil
}
