package sim

import (
	"time"

	"paxos/protocol"
)

// host is a machine: a place in the network, disks, a clock, and a process that
// comes and goes. Its number is its place in world.hosts, and never changes.
type host struct {
	w      *world
	number int
	peer   protocol.Peer
	// process is what runs here, nil while nothing does. life counts the processes
	// that ran here, from 1.
	process *process
	life    int
	store   int // which of its stores this is, from 0: another one when the disk was wiped
	ended   error // why the last process stopped by itself, nil if it did not
	lost    bool  // its store is gone or refused for good: nothing runs here any more
}

// up reports whether a process runs here (it may be paused).
func (h *host) up() bool { return h.process != nil }

// touch lets the process take a turn soon: somebody asked it for something.
func (h *host) touch() {}

// time is what the clock of the running process shows.
func (h *host) time() protocol.Time { return protocol.Time(h.w.now) }

// voter reports whether the host has an acceptor in it.
func (h *host) voter() bool {
	return h.peer.Role == protocol.RoleAcceptor || h.peer.Role == protocol.RoleServer
}

// roles are the hosts of a role, in the order of their ids.
func (w *world) roles(r protocol.Role) []*host {
	var found []*host
	for _, h := range w.hosts {
		if h.peer.Role == r {
			found = append(found, h)
		}
	}
	return found
}

// cpuDelay is how long after something arrived a process takes its turn.
const cpuDelay = 5 * time.Microsecond
