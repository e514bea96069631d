package multicast

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// receiveSocket returns a non-blocking socket that hears what is sent to group on
// the interface, and nothing else:
//
//   - SO_REUSEADDR lets any number of processes bind it, and each gets a copy;
//   - bound to the group's address, it hears nothing that is sent to this host's own;
//   - without IP_MULTICAST_ALL, it hears no group on its port, and no interface, that
//     somebody else on this host has joined.
func receiveSocket(ifi *net.Interface, group netip.AddrPort, bufferBytes int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return -1, fmt.Errorf("multicast: making a socket for %s: %w", group, err)
	}
	if err := setupReceive(fd, ifi, group, bufferBytes); err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

func setupReceive(fd int, ifi *net.Interface, group netip.AddrPort, bufferBytes int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return fmt.Errorf("multicast: sharing %s: %w", group, err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0); err != nil {
		return fmt.Errorf("multicast: restricting the socket of %s to its group: %w", group, err)
	}
	if err := enlarge(fd, unix.SO_RCVBUF, bufferBytes); err != nil {
		return fmt.Errorf("multicast: receive buffer of %s: %w", group, err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(group.Port()), Addr: group.Addr().As4()}); err != nil {
		return bindError(group, err)
	}
	member := &unix.IPMreqn{Multiaddr: group.Addr().As4(), Ifindex: int32(ifi.Index)}
	if err := unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, member); err != nil {
		return fmt.Errorf("multicast: joining %s on interface %s: %w", group.Addr(), ifi.Name, err)
	}
	return nil
}

func bindError(group netip.AddrPort, err error) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("multicast: binding %s: %w: another program holds the port for itself; end it (ss -ulpn shows it) or choose another port", group, err)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("multicast: binding %s: %w: ports below 1024 need privileges; choose a higher one", group, err)
	}
	return fmt.Errorf("multicast: binding %s: %w", group, err)
}

// sendSocket returns the socket that sends to all groups through the interface.
func sendSocket(ifi *net.Interface, ttl, bufferBytes int) (*net.UDPConn, *ipv4.PacketConn, error) {
	udp, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return nil, nil, fmt.Errorf("multicast: making the socket to send from: %w", err)
	}
	conn := ipv4.NewPacketConn(udp)
	if err := setupSend(udp, conn, ifi, ttl, bufferBytes); err != nil {
		return nil, nil, errors.Join(err, udp.Close())
	}
	return udp, conn, nil
}

func setupSend(udp *net.UDPConn, conn *ipv4.PacketConn, ifi *net.Interface, ttl, bufferBytes int) error {
	if err := conn.SetMulticastInterface(ifi); err != nil {
		return fmt.Errorf("multicast: sending through interface %s: %w", ifi.Name, err)
	}
	if err := conn.SetMulticastTTL(ttl); err != nil {
		return fmt.Errorf("multicast: setting the TTL to %d: %w", ttl, err)
	}
	if err := conn.SetMulticastLoopback(true); err != nil {
		return fmt.Errorf("multicast: looping datagrams back to this host: %w", err)
	}
	raw, err := udp.SyscallConn()
	if err != nil {
		return fmt.Errorf("multicast: send buffer: %w", err)
	}
	var enlargeErr error
	if err := raw.Control(func(fd uintptr) { enlargeErr = enlarge(int(fd), unix.SO_SNDBUF, bufferBytes) }); err != nil {
		return fmt.Errorf("multicast: send buffer: %w", err)
	}
	if enlargeErr != nil {
		return fmt.Errorf("multicast: send buffer: %w", enlargeErr)
	}
	return nil
}

// enlarge asks for a socket buffer of that many bytes; the kernel grants up to its
// own limit without a word. A buffer that is as large already stays as it is.
func enlarge(fd, option, bufferBytes int) error {
	if bufferBytes == 0 {
		return nil
	}
	granted, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
	if err != nil {
		return fmt.Errorf("reading its size: %w", err)
	}
	if granted >= 2*bufferBytes { // the kernel grants, and tells, twice what is asked for
		return nil
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, bufferBytes); err != nil {
		return fmt.Errorf("setting its size to %d bytes: %w", bufferBytes, err)
	}
	return nil
}

// dropped returns how many datagrams the kernel dropped at the socket: the filter
// refused them or, in all likelihood, the receive buffer was full. It returns 0
// where the kernel does not tell.
func dropped(fd int) uint32 {
	const drops = 8 // index of SK_MEMINFO_DROPS in the array of SO_MEMINFO
	info := make([]byte, 4*(drops+1))
	n, err := getsockoptBytes(fd, unix.SOL_SOCKET, unix.SO_MEMINFO, info)
	if err != nil || n < len(info) {
		return 0
	}
	return nativeUint32(info[4*drops:])
}
