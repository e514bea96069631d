package loopback

import (
	"fmt"

	"paxos/internal/config"
	"paxos/protocol"
	"paxos/transport/multicast"
)

// Config reads a cluster's configuration. It is an error if it is not on lo.
func Config(path string) (config.Config, error) {
	c, err := config.Load(path)
	if err == nil && c.Interface != "lo" {
		err = fmt.Errorf("the cluster's interface is %q: want lo", c.Interface)
	}
	return c, err
}

// Join opens the network, to hear some groups, with the buffers that `paxos` asks for.
func Join(c config.Config, groups ...protocol.Group) (*multicast.Transport, error) {
	return multicast.Open(multicast.Options{
		Groups: c.Groups, Join: groups, Interface: "lo", TTL: c.TTL,
		ReceiveBuffer: multicast.DefaultBuffer, SendBuffer: multicast.DefaultBuffer,
	})
}
