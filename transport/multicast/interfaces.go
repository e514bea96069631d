package multicast

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// resolve finds the interface with that name or, where it is empty, chooses one.
func resolve(name string, group netip.AddrPort) (*net.Interface, error) {
	if name == "" {
		return choose(group)
	}
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("multicast: interface %q: %w; this host has %s", name, err, listInterfaces())
	}
	if ifi.Flags&net.FlagUp == 0 {
		return nil, fmt.Errorf("multicast: interface %q is down: bring it up (ip link set %s up) or name another; this host has %s", name, name, listInterfaces())
	}
	return ifi, nil
}

// choose takes the interface that the system's routes name for the group, else
// the first that is up and can multicast, else loopback.
func choose(group netip.AddrPort) (*net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("multicast: listing the network interfaces: %w", err)
	}
	if ifi := routed(all, group); ifi != nil {
		return ifi, nil
	}
	for _, want := range []net.Flags{net.FlagUp | net.FlagMulticast, net.FlagUp | net.FlagLoopback} {
		for i := range all {
			if all[i].Flags&want == want {
				return &all[i], nil
			}
		}
	}
	return nil, errors.New("multicast: no network interface is up: bring one up (ip link set lo up); this host has " + listInterfaces())
}

// routed returns the interface that the main routing table names for the group:
// the longest matching prefix, then the lowest metric. nil where there is none.
func routed(all []net.Interface, group netip.AddrPort) *net.Interface {
	table, err := os.ReadFile("/proc/thread-self/net/route")
	if err != nil {
		return nil
	}
	name := lookUp(string(table), group.Addr())
	for i := range all {
		if all[i].Name == name && all[i].Flags&net.FlagUp != 0 {
			return &all[i]
		}
	}
	return nil
}

// lookUp finds the interface for addr in the text of /proc/net/route: a headline,
// then lines of interface, destination, gateway, flags, two counts, metric, mask.
func lookUp(table string, addr netip.Addr) string {
	const up, reject = 0x1, 0x200 // flags of a route
	found, foundMask, foundMetric := "", uint32(0), 0
	four := addr.As4()
	a := binary.BigEndian.Uint32(four[:])
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 8 {
			continue
		}
		destination, err1 := routeAddress(f[1])
		mask, err2 := routeAddress(f[7])
		flags, err3 := strconv.ParseUint(f[3], 16, 32)
		metric, err4 := strconv.Atoi(f[6])
		if errors.Join(err1, err2, err3, err4) != nil || flags&(up|reject) != up || a&mask != destination {
			continue
		}
		if found == "" || mask > foundMask || mask == foundMask && metric < foundMetric {
			found, foundMask, foundMetric = f[0], mask, metric
		}
	}
	return found
}

// routeAddress reads an address as the kernel prints it there: its four bytes as
// one number in the order of this machine, in hexadecimal.
func routeAddress(hex string) (uint32, error) {
	n, err := strconv.ParseUint(hex, 16, 32)
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], uint32(n))
	return binary.BigEndian.Uint32(b[:]), err
}

// listInterfaces names the interfaces of this host, for error messages.
func listInterfaces() string {
	all, err := net.Interfaces()
	if err != nil || len(all) == 0 {
		return "no interfaces"
	}
	names := make([]string, len(all))
	for i, ifi := range all {
		names[i] = ifi.Name
		if ifi.Flags&net.FlagUp == 0 {
			names[i] += " (down)"
		}
	}
	return strings.Join(names, ", ")
}
