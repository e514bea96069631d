package cluster

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"

	"paxos/internal/ports"
	"paxos/protocol"
)

// FreeGroups chooses a group address at random and ports that are free, so that
// clusters on one host do not take each other's time. That they do not believe
// each other follows from their names, not from this.
func FreeGroups() (groups [protocol.Groups]netip.AddrPort, err error) {
	// 239.255/16 is for local use (RFC 2365).
	addr := netip.AddrFrom4([4]byte{239, 255, byte(rand.IntN(256)), byte(1 + rand.IntN(254))})
	chosen, err := ports.Choose(len(groups), func(port int) (io.Closer, error) {
		return net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	})
	if err != nil {
		return groups, err
	}
	for g, port := range chosen {
		groups[g] = netip.AddrPortFrom(addr, uint16(port))
	}
	return groups, nil
}

// randomName names a cluster like no other.
func randomName() string { return fmt.Sprintf("local-%016x", rand.Uint64()) }
