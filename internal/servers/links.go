package servers

import (
	"fmt"
	"runtime"
)

// The interfaces of a Network: that of every server, and the bridge's own, for
// those who are beside it.
const (
	PortInterface   = "eth0"
	BridgeInterface = "bridge0"
)

// AllowMulticast makes the bridge carry what is sent to groups, to all of its ports.
// None of the namespaces has a way out, so it stays among them.
func (n *Network) AllowMulticast() error {
	if err := n.ip(0, "link set "+BridgeInterface+" type bridge mcast_snooping 0"); err != nil {
		return fmt.Errorf("carry multicast: %w", err)
	}
	for i := range n.spaces {
		device := PortInterface
		if i == 0 {
			device = BridgeInterface
		}
		if err := n.ip(i, "route add 224.0.0.0/4 dev "+device); err != nil {
			return fmt.Errorf("carry multicast: %w", err)
		}
	}
	return nil
}

// Lose makes server i lose percent, 0 to 100, of the packets that come from others,
// at random. It replaces what was said of server i before, and has nothing to do with
// partitions. From 0 are those who are beside the bridge: clients.
func (n *Network) Lose(i, percent int, from ...int) error {
	rules := "*mangle\n:INPUT ACCEPT [0:0]\n"
	for _, j := range from {
		if j == 0 {
			j = bridgeHost
		}
		if percent > 0 {
			rules += fmt.Sprintf("-A INPUT -s %s -m statistic --mode random --probability %.2f -j DROP\n", n.Host(j), float64(percent)/100)
		}
	}
	if err := n.run(i, rules+"COMMIT\n", "iptables-restore"); err != nil {
		return fmt.Errorf("lose packets: %w", err)
	}
	return nil
}

// Beside calls f on a thread beside the bridge: sockets that f opens, and does not
// leave to other goroutines to open, are there, and stay there.
func (n *Network) Beside(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread, now elsewhere, ends with this goroutine
		err := enter(n.spaces[0])
		if err == nil {
			err = f()
		}
		result <- err
	}()
	return <-result
}
