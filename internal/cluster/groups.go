package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"

	"paxos/protocol"
)

// FreeGroups chooses a group address at random and ports that are free, so that
// clusters on one host do not take each other's time. That they do not believe
// each other follows from their names, not from this.
func FreeGroups() (groups [protocol.Groups]netip.AddrPort, err error) {
	// 239.255/16 is for local use (RFC 2365).
	addr := netip.AddrFrom4([4]byte{239, 255, byte(rand.IntN(256)), byte(1 + rand.IntN(254))})
	for g := range groups {
		// Held until all are chosen, so that they differ.
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return groups, fmt.Errorf("find a free UDP port: %w", err)
		}
		defer conn.Close()
		groups[g] = netip.AddrPortFrom(addr, uint16(conn.LocalAddr().(*net.UDPAddr).Port))
	}
	return groups, nil
}

// randomName names a cluster like no other.
func randomName() string { return fmt.Sprintf("local-%016x", rand.Uint64()) }
