package ports

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
)

// The ports that Choose chooses from. The system's own begin at 32,768 (net.ipv4.ip_local_port_range).
const (
	lowest  = 10_000
	highest = 32_000 // exclusive
)

// Choose returns count ports that differ. bind tries to take a port, which shows that nobody else has it; what it
// returns is closed once all ports are chosen.
func Choose(count int, bind func(port int) (io.Closer, error)) (chosen []int, err error) {
	for try := 0; len(chosen) < count; try++ {
		if try > 100*(count+1) {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		port := lowest + rand.IntN(highest-lowest)
		if reserved := reserve(port); reserved != nil {
			if err == nil { // what bind said of another port says more
				err = reserved
			}
			continue
		}
		var c io.Closer
		if c, err = bind(port); err != nil {
			continue
		}
		defer c.Close()
		chosen = append(chosen, port)
	}
	return chosen, nil
}

// reserved holds what reserve has opened: it would be closed if nobody knew it any more.
var reserved struct {
	sync.Mutex
	all []net.Listener
}

// reserve keeps a port from being chosen again until this process ends. What tells other processes is a socket
// with the port in its name; the name is no file (unix(7), abstract sockets), and goes with the process.
func reserve(port int) error {
	l, err := net.Listen("unix", fmt.Sprintf("@paxos-port-%d", port))
	if err != nil {
		return err
	}
	reserved.Lock()
	defer reserved.Unlock()
	reserved.all = append(reserved.all, l)
	return nil
}
