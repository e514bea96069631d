package servers

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"paxos/internal/process"
)

// Network is a bridge with a port for each server, every one in a network
// namespace of its own. The namespaces have no names: each lives in a process that
// does nothing else, so that all of it goes when this process goes, however that
// happens. Nothing of it is seen or felt outside, and nothing outside is in reach.
//
// It needs root, and the programs ip, nsenter, iptables-restore and sleep.
type Network struct {
	holders *process.Set
	dir     string
	spaces  []string // paths of the namespaces: that of the bridge, then those of the servers
}

// NewNetwork makes a network for count servers. Close must be called.
func NewNetwork(count int) (*Network, error) {
	dir, err := os.MkdirTemp("", "paxos-network-")
	if err != nil {
		return nil, fmt.Errorf("make a network: %w", err)
	}
	n := &Network{holders: process.NewSet(), dir: dir}
	if err := n.build(count); err != nil {
		n.Close()
		return nil, fmt.Errorf("make a network: %w", err)
	}
	return n, nil
}

func (n *Network) build(count int) error {
	for range count + 1 {
		if err := n.addSpace(); err != nil {
			return err
		}
	}
	for _, c := range []string{"link add bridge0 type bridge", "addr add " + n.Host(bridgeHost) + "/24 dev bridge0", "link set bridge0 up"} {
		if err := n.ip(0, c); err != nil {
			return err
		}
	}
	for i := 1; i <= count; i++ {
		if err := n.connect(i); err != nil {
			return err
		}
	}
	return nil
}

// addSpace starts a process in a new namespace.
func (n *Network) addSpace() error {
	p, err := n.holders.Start(process.Spec{
		Name: "holder of a network namespace", Binary: "/bin/sleep", Args: []string{"infinity"},
		Log: filepath.Join(n.dir, "log"), NewNetwork: true,
	})
	if err != nil {
		return err
	}
	n.spaces = append(n.spaces, fmt.Sprintf("/proc/%d/ns/net", p.Pid()))
	return n.ip(len(n.spaces)-1, "link set lo up")
}

// connect lays a cable from the bridge to server i.
func (n *Network) connect(i int) error {
	holder := strings.Split(n.spaces[i], "/")[2]
	port := "port" + strconv.Itoa(i)
	if err := n.ip(0, "link add "+port+" type veth peer name eth0 netns "+holder); err != nil {
		return err
	}
	for _, c := range []string{"link set " + port + " master bridge0", "link set " + port + " up"} {
		if err := n.ip(0, c); err != nil {
			return err
		}
	}
	for _, c := range []string{"addr add " + n.Host(i) + "/24 dev eth0", "link set eth0 up"} {
		if err := n.ip(i, c); err != nil {
			return err
		}
	}
	return nil
}

// bridgeHost is the number of the bridge among the hosts.
const bridgeHost = 254

// Host is the IP address of server i.
func (n *Network) Host(i int) string { return fmt.Sprintf("10.77.0.%d", i) }

// Within is the command around a program that is to run where server i does.
func (n *Network) Within(i int) []string { return []string{"nsenter", "--net=" + n.spaces[i], "--"} }

// ip runs a command of iproute2 in one of the namespaces.
func (n *Network) ip(space int, command string) error {
	return n.run(space, "", append([]string{"ip"}, strings.Fields(command)...)...)
}

func (n *Network) run(space int, stdin string, command ...string) error {
	line := append(n.Within(space), command...)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// DialContext dials from beside the bridge, from where every server can be
// reached, however they are parted from each other. address must be an IP address
// and port.
func (n *Network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	err := n.Beside(func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// enter moves this thread into a namespace.
func enter(space string) error {
	f, err := os.Open(space)
	if err != nil {
		return fmt.Errorf("enter a network namespace: %w", err)
	}
	defer f.Close()
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter a network namespace: %w", err)
	}
	return nil
}

// Partition parts the servers into groups: those of one group hear each other,
// and nobody else; a server in no group hears no other. Clients reach all of them. It
// replaces an earlier partition.
func (n *Network) Partition(groups ...[]int) error {
	for i := 1; i < len(n.spaces); i++ {
		var deaf []int
		for j := 1; j < len(n.spaces); j++ {
			together := slices.ContainsFunc(groups, func(g []int) bool { return slices.Contains(g, i) && slices.Contains(g, j) })
			if i != j && !together {
				deaf = append(deaf, j)
			}
		}
		if err := n.setDeaf(i, deaf); err != nil {
			return fmt.Errorf("partition: %w", err)
		}
	}
	return nil
}

// Deafen makes server i deaf to others, who still hear it: a partition in one
// direction.
func (n *Network) Deafen(i int, to ...int) error { return n.setDeaf(i, to) }

// Heal ends every partition.
func (n *Network) Heal() error {
	for i := 1; i < len(n.spaces); i++ {
		if err := n.setDeaf(i, nil); err != nil {
			return fmt.Errorf("heal the network: %w", err)
		}
	}
	return nil
}

// setDeaf replaces, in one step, the rules of server i's firewall.
func (n *Network) setDeaf(i int, to []int) error {
	rules := "*filter\n:INPUT ACCEPT [0:0]\n"
	for _, j := range to {
		rules += "-A INPUT -s " + n.Host(j) + " -j DROP\n"
	}
	return n.run(i, rules+"COMMIT\n", "iptables-restore")
}

// Close takes the network down. What still runs in it has no network any more
// except within its own namespace.
func (n *Network) Close() {
	n.holders.Close()
	_ = os.RemoveAll(n.dir) // an empty log
}
