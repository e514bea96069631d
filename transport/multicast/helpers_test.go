package multicast

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/transport"
)

var clusters atomic.Uint32

// groups returns four groups that no other test, and no other test process, uses.
func groups() [protocol.Groups]netip.AddrPort {
	pid := os.Getpid()
	addr := netip.AddrFrom4([4]byte{239, byte(128 + pid>>16&63), byte(pid >> 8), byte(pid)})
	port := uint16(20000 + 10*(clusters.Add(1)%2000))
	var g [protocol.Groups]netip.AddrPort
	for i := range g {
		g[i] = netip.AddrPortFrom(addr, port+uint16(i))
	}
	return g
}

// onLoopback returns options for lo with the system's default buffers.
func onLoopback(g [protocol.Groups]netip.AddrPort, join ...protocol.Group) Options {
	return Options{Groups: g, Interface: "lo", Join: join}
}

// patience bounds every wait, so that a test that waits in vain fails.
const patience = 3 * time.Minute

// open opens a transport that is closed with the test, and after patience at the
// latest: that ends a Receive that waits in vain.
func open(t testing.TB, o Options) *Transport {
	t.Helper()
	tr, err := openBounded(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return tr
}

func openBounded(o Options) (*Transport, error) {
	tr, err := Open(o)
	if err == nil {
		time.AfterFunc(patience, func() { tr.Close() })
	}
	return tr, err
}

// pair opens a transport with these options, and one that sends to its groups.
func pair(t testing.TB, o Options) (sender, receiver *Transport) {
	t.Helper()
	return open(t, Options{Groups: o.Groups, Interface: o.Interface, SendBuffer: o.SendBuffer}), open(t, o)
}

// within waits for a value, but not for ever.
func within[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("not reached")
	}
}

// receive takes datagrams until n have arrived or were lost to a full buffer.
func receive(t testing.TB, tr *Transport, n int) []transport.Datagram {
	t.Helper()
	var got []transport.Datagram
	for len(got)+int(tr.Stats().Overflowed) < n {
		var err error
		if got, err = tr.Receive(got); err != nil {
			t.Fatalf("after %d of %d datagrams: %v", len(got), n, err)
		}
	}
	return got
}

func numbered(g protocol.Group, n int) []transport.Datagram {
	out := make([]transport.Datagram, n)
	for i := range out {
		out[i] = transport.Datagram{Group: g, Data: fmt.Appendf(nil, "%s %d", g, i)}
	}
	return out
}

func same(a, b []transport.Datagram) error {
	if len(a) != len(b) {
		return fmt.Errorf("got %d datagrams, want %d", len(a), len(b))
	}
	for i := range a {
		if a[i].Group != b[i].Group || string(a[i].Data) != string(b[i].Data) {
			return fmt.Errorf("datagram %d: got %s %q, want %s %q", i, a[i].Group, a[i].Data, b[i].Group, b[i].Data)
		}
	}
	return nil
}

// inNamespace runs f in a fresh network namespace, in which lo is all there is and
// is down. It ends with the thread that f ran on.
func inNamespace(t *testing.T, f func() error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make a network namespace of its own")
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with this goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- errors.Join(errNoNamespace, err)
			return
		}
		done <- f()
	}()
	err := within(t, done)
	if errors.Is(err, errNoNamespace) {
		t.Skip("needs a network namespace of its own: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var errNoNamespace = errors.New("no network namespace")

// run runs a command in the namespace of the calling thread.
func run(command string) error {
	words := strings.Fields(command)
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", command, err, out)
	}
	return nil
}
