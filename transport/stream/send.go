package stream

import (
	"runtime"

	"paxos/protocol"
	"paxos/transport"
)

// Send implements transport.Transport. A datagram with Only goes to that id, one
// without to all peers. For a peer that is not connected it is lost at once: when
// the peer is back the datagram would be stale, and Paxos repeats what matters.
func (t *Transport) Send(out []transport.Datagram) {
	if t.sendAll(out) {
		runtime.Gosched() // Receive is likely to block this thread next: let the queues' goroutines go first
	}
}

// sendAll reports whether a goroutine was woken that must write a queue.
func (t *Transport) sendAll(out []transport.Datagram) (woke bool) {
	t.sending.Lock()
	defer t.sending.Unlock()
	if t.closed.Load() {
		t.counters.SendFailed(len(out), transport.ErrClosed)
		return false
	}
	peers := *t.outgoing.Load()
	for len(out) > 0 {
		out = out[t.batch.fill(out, t.sendable):]
		for _, p := range peers {
			if t.batch.encode(p.id) && p.send(&t.batch) {
				woke = true
			}
		}
	}
	t.batch.release()
	return woke
}

// sendable reports whether some peer may receive d, and counts it if not.
func (t *Transport) sendable(d transport.Datagram) bool {
	var err error
	switch {
	case len(d.Data) > protocol.MaxDatagram:
		err = errTooLarge
	case len(d.Data) == 0:
		err = errEmpty
	case d.Group >= protocol.Groups:
		err = errGroup
	case d.Only != protocol.Peer{} && t.peer(d.Only.ID) == nil:
		err = errNoPeer
	default:
		return true
	}
	t.counters.SendFailed(1, err)
	return false
}
