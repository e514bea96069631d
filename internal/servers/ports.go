package servers

import (
	"fmt"
	"io"
	"net"

	"paxos/internal/ports"
)

// FreeAddresses chooses count addresses on 127.0.0.1 on which nobody listens, and which no other process is given
// here while this one runs.
func FreeAddresses(count int) ([]string, error) {
	address := func(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
	chosen, err := ports.Choose(count, func(port int) (io.Closer, error) { return net.Listen("tcp", address(port)) })
	if err != nil {
		return nil, err
	}
	var all []string
	for _, port := range chosen {
		all = append(all, address(port))
	}
	return all, nil
}
