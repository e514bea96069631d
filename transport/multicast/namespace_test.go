package multicast

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/transport"
)

func TestWorksInAFreshNamespaceOnPlainLoopback(t *testing.T) {
	inNamespace(t, func() error {
		if err := run("ip link set lo up"); err != nil {
			return err
		}
		lo, err := net.InterfaceByName("lo")
		if err != nil {
			return err
		}
		if lo.Flags&net.FlagMulticast != 0 {
			return fmt.Errorf("lo has the MULTICAST flag: %v: this shows nothing", lo.Flags)
		}
		return exchange("") // and lo is found without being named
	})
}

// exchange opens a transport there and sends itself ten datagrams.
func exchange(interfaceName string) error {
	o := onLoopback(groups(), learners)
	o.Interface = interfaceName
	m, err := Open(o)
	if err != nil {
		return err
	}
	defer m.Close()
	if m.Interface() != "lo" {
		return fmt.Errorf("chose interface %s", m.Interface())
	}
	sent := numbered(learners, 10)
	m.Send(sent)
	if lost := m.Stats().SendFailures; lost != 0 {
		return fmt.Errorf("%d not sent: %w", lost, m.Stats().LastSendError)
	}
	var got []transport.Datagram
	for len(got) < len(sent) {
		if got, err = m.Receive(got); err != nil {
			return err
		}
	}
	return same(got, sent)
}

func TestInterfaceThatIsDownIsNamed(t *testing.T) {
	inNamespace(t, func() error {
		for name, says := range map[string]string{"lo": "ip link set lo up", "": "no network interface is up"} {
			o := onLoopback(groups(), learners)
			o.Interface = name
			m, err := Open(o)
			if err == nil {
				return errors.Join(errors.New("no error for an interface that is down"), m.Close())
			}
			if !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "lo (down)") {
				return fmt.Errorf("interface %q: error does not say what to do: %w", name, err)
			}
		}
		return nil
	})
}

func TestInterfaceIsChosenByRouteThenByAbility(t *testing.T) {
	inNamespace(t, func() error {
		for _, step := range []struct{ command, chosen string }{
			{"ip link set lo up", "lo"},
			{"ip link add v0 type veth peer name v1", "lo"},
			{"ip link set v0 up", "v0"},
			{"ip route add 224.0.0.0/4 dev lo", "lo"},
		} {
			if err := run(step.command); err != nil {
				return err
			}
			ifi, err := resolve("", groups()[0])
			if err != nil {
				return err
			}
			if ifi.Name != step.chosen {
				return fmt.Errorf("after %q: chose %s, want %s", step.command, ifi.Name, step.chosen)
			}
		}
		return nil
	})
}

func TestOtherInterfacesAreNotHeard(t *testing.T) {
	inNamespace(t, func() error {
		for _, command := range []string{
			"ip link set lo up",
			"ip link add d0 type veth peer name d1",
			"ip link set d0 up",
			"ip link set d1 up",
			"ip addr add 10.9.9.1/24 dev d0",
		} {
			if err := run(command); err != nil {
				return err
			}
		}
		return betweenInterfaces(groups())
	})
}

// betweenInterfaces sends as one member on d0 and one on lo, to members of both.
func betweenInterfaces(g [protocol.Groups]netip.AddrPort) error {
	var members []*Transport
	for _, name := range []string{"d0", "lo"} {
		o := onLoopback(g, learners)
		o.Interface = name
		m, err := Open(o)
		if err != nil {
			return err
		}
		defer m.Close()
		members = append(members, m)
	}
	for _, m := range members { // d0 first: were it heard on lo, it would be heard first
		m.Send([]transport.Datagram{{Group: learners, Data: []byte(m.Interface())}})
	}
	for _, m := range members {
		got, err := m.Receive(nil)
		if err != nil {
			return err
		}
		if len(got) != 1 || string(got[0].Data) != m.Interface() {
			return fmt.Errorf("on %s: heard %q and %d more", m.Interface(), got[0].Data, len(got)-1)
		}
	}
	return nil
}

func TestFirewallThatRefusesIsCountedAsLoss(t *testing.T) {
	if _, err := exec.LookPath("iptables"); err != nil {
		t.Skip("needs iptables: ", err)
	}
	inNamespace(t, func() error {
		g := groups()
		for _, command := range []string{
			"ip link set lo up",
			fmt.Sprintf("iptables -A OUTPUT -d %s -p udp --dport %d -j DROP", g[learners].Addr(), g[learners].Port()),
		} {
			if err := run(command); err != nil {
				return err
			}
		}
		m, err := Open(onLoopback(g, learners, clients))
		if err != nil {
			return err
		}
		defer m.Close()
		return refused(m)
	})
}

// refused sends to two groups in turn, of which the firewall lets one through.
func refused(m *Transport) error {
	var sent []transport.Datagram
	passing := numbered(clients, 50)
	for i, d := range numbered(learners, 50) {
		sent = append(sent, d, passing[i])
	}
	m.Send(sent)
	s := m.Stats()
	if s.SendFailures != 50 || s.SentDatagrams != 50 || !errors.Is(s.LastSendError, unix.EPERM) {
		return fmt.Errorf("of 50 refused and 50 passing: %+v", s)
	}
	var got []transport.Datagram
	for len(got) < len(passing) {
		var err error
		if got, err = m.Receive(got); err != nil {
			return err
		}
	}
	return same(got, passing)
}
