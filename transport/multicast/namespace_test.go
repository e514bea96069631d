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

// exchange opens two transports there, of which one sends the other ten datagrams.
func exchange(interfaceName string) error {
	o := onLoopback(groups(), learners)
	o.Interface = interfaceName
	from, err := openBounded(o)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := openBounded(o)
	if err != nil {
		return err
	}
	defer to.Close()
	if from.Interface() != "lo" {
		return fmt.Errorf("chose interface %s", from.Interface())
	}
	sent := numbered(learners, 10)
	from.Send(sent)
	if lost := from.Stats().SendFailures; lost != 0 {
		return fmt.Errorf("%d not sent: %w", lost, from.Stats().LastSendError)
	}
	return hears(to, sent)
}

// hears returns an error unless m receives what was sent, and nothing else.
func hears(m *Transport, sent []transport.Datagram) error {
	var got []transport.Datagram
	for len(got) < len(sent) {
		var err error
		if got, err = m.Receive(got); err != nil {
			return fmt.Errorf("after %d of %d datagrams: %w", len(got), len(sent), err)
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

// betweenInterfaces sends through d0 and through lo, to members on both.
func betweenInterfaces(g [protocol.Groups]netip.AddrPort) error {
	var senders, members []*Transport
	for _, name := range []string{"d0", "lo"} {
		for _, list := range []*[]*Transport{&senders, &members} {
			o := onLoopback(g, learners)
			o.Interface = name
			m, err := openBounded(o)
			if err != nil {
				return err
			}
			defer m.Close()
			*list = append(*list, m)
		}
	}
	for _, m := range senders { // d0 first: were it heard on lo, it would be heard first
		m.Send([]transport.Datagram{{Group: learners, Data: []byte(m.Interface())}})
	}
	for _, m := range members {
		if err := hears(m, []transport.Datagram{{Group: learners, Data: []byte(m.Interface())}}); err != nil {
			return fmt.Errorf("on %s: %w", m.Interface(), err)
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
		to, err := openBounded(onLoopback(g, learners, clients))
		if err != nil {
			return err
		}
		defer to.Close()
		from, err := openBounded(onLoopback(g, clients))
		if err != nil {
			return err
		}
		defer from.Close()
		return refused(from, to)
	})
}

// refused sends to two groups in turn, of which the firewall lets one through.
func refused(from, to *Transport) error {
	var sent []transport.Datagram
	passing := numbered(clients, 50)
	for i, d := range numbered(learners, 50) {
		sent = append(sent, d, passing[i])
	}
	from.Send(sent)
	s := from.Stats()
	if s.SendFailures != 50 || s.SentDatagrams != 50 || !errors.Is(s.LastSendError, unix.EPERM) {
		return fmt.Errorf("of 50 refused and 50 passing: %+v", s)
	}
	return hears(to, passing)
}
