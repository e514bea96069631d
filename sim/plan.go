package sim

import (
	"time"

	"paxos/protocol"
)

// plan is what the seed draws before anything happens.
type plan struct {
	shape     string
	acceptors int // or list servers
	proposers int // of the roles
	learners  int
	clients   int
	cluster   protocol.ClusterID

	datagram        int // largest, in bytes
	buffer          int // of a receiver, in bytes
	checkpointBytes int
	segmentBytes    int64
	payloadMin      int // bytes of a command
	payloadMax      int
	think           time.Duration // of a client, between two calls, on average
}
