package sim

import (
	"errors"

	"paxos/acceptor"
)

// stopped is told of a process that ended by itself. Whether a fault explains it,
// the host has seen to (trouble.go). Here: nobody is taken for a stranger on the
// store that its name was first known by, whoever else spoke under it (rule 10).
func (j *judge) stopped(h *host, err error) {
	if s := j.of(h); errors.Is(err, acceptor.ErrStranger) && j.genuine(s) {
		j.fail(checkStopped, "rule 10: %s is stopped as a stranger, and stands on its first store: %v", s, err)
	}
}
