package ports

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if port := os.Getenv("PAXOS_TEST_PORT"); port != "" {
		var n int
		_, err := fmt.Sscan(port, &n)
		fmt.Println(errors.Join(err, reserve(n)))
		return
	}
	os.Exit(m.Run())
}

func bindTCP(port int) (io.Closer, error) {
	return net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
}

func TestPortsDifferAndAreFreeAndOurs(t *testing.T) {
	seen := map[int]bool{}
	for range 20 {
		all, err := Choose(10, bindTCP)
		if err != nil {
			t.Fatal(err)
		}
		for _, port := range all {
			if seen[port] || port < lowest || port >= highest {
				t.Errorf("port %d is not in the range, or chosen twice", port)
			}
			seen[port] = true
		}
		l, err := bindTCP(all[0])
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
}

func TestAnotherProcessDoesNotChooseOurPorts(t *testing.T) {
	all, err := Choose(1, bindTCP)
	if err != nil {
		t.Fatal(err)
	}
	for port, want := range map[int]string{all[0]: "address already in use", highest + 1: "<nil>"} {
		other := exec.Command(os.Args[0])
		other.Env = append(os.Environ(), fmt.Sprintf("PAXOS_TEST_PORT=%d", port))
		said, err := other.CombinedOutput()
		if err != nil || !strings.Contains(string(said), want) {
			t.Errorf("port %d: another process says %q (%v), want %q", port, said, err, want)
		}
	}
}

func TestWithoutAFreePortThereIsAnError(t *testing.T) {
	taken := errors.New("taken")
	if _, err := Choose(1, func(int) (io.Closer, error) { return nil, taken }); !errors.Is(err, taken) {
		t.Error(err)
	}
}
