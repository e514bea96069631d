package servers

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// The ports that FreeAddresses chooses from lie below those that the system
// gives to outgoing connections, so that a server that was killed finds its own free.
const (
	lowestPort  = 10_000
	highestPort = 32_000
)

// FreeAddresses chooses count addresses on 127.0.0.1 on which nobody listens.
func FreeAddresses(count int) ([]string, error) {
	var found []string
	for try := 0; len(found) < count; try++ {
		address := fmt.Sprintf("127.0.0.1:%d", lowestPort+rand.IntN(highestPort-lowestPort))
		l, err := net.Listen("tcp", address)
		if err != nil && try > 100*count {
			return nil, fmt.Errorf("find a free TCP port: %w", err)
		}
		if err != nil {
			continue
		}
		defer l.Close() // held until all are chosen, so that they differ
		found = append(found, address)
	}
	return found, nil
}
