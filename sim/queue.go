package sim

import "time"

// kind says what an event is.
type kind uint8

const (
	eventDelivery kind = iota + 1 // a datagram reaches an endpoint
	eventTurn                     // a process takes a turn
	eventCommit                   // its disk is done with a group
	eventWork                     // its worker is done with a job
	eventServe                    // it has answered requests for snapshots
	eventAction                   // a client does something
	eventTimer                    // something in the network or the machines is due
	eventFault                    // something breaks, or is mended
	eventMachine                  // its state machine goes on
)

var kindNames = [...]string{"", "delivery", "turn", "commit", "work", "serve", "action", "timer", "fault", "machine"}

// event is something that happens at a time. Those at the same time happen in the
// order in which they were scheduled.
type event struct {
	at     time.Duration
	serial uint64
	kind   kind
	era    int32   // of the host
	host   *host   // whose turn, commit, work, answer or machine it is
	packet *packet // that is delivered
	do     func()  // for all else
}

func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.serial < o.serial
}

// queue holds what is to happen, the next event first: a heap with four children
// a node, which is flatter than one with two.
type queue struct{ heap []event }

func (q *queue) len() int { return len(q.heap) }

func (q *queue) push(e event) {
	q.heap = append(q.heap, e)
	i := len(q.heap) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&q.heap[up]) {
			break
		}
		q.heap[i] = q.heap[up]
		i = up
	}
	q.heap[i] = e
}

func (q *queue) pop() event {
	first := q.heap[0]
	n := len(q.heap) - 1
	last := q.heap[n]
	q.heap[n] = event{}
	if q.heap = q.heap[:n]; n > 0 {
		q.sink(last)
	}
	return first
}

// sink puts e in the place that the first event left.
func (q *queue) sink(e event) {
	i, n := 0, len(q.heap)
	for {
		least := 4*i + 1
		if least >= n {
			break
		}
		for c := least + 1; c < min(4*i+5, n); c++ {
			if q.heap[c].before(&q.heap[least]) {
				least = c
			}
		}
		if !q.heap[least].before(&e) {
			break
		}
		q.heap[i] = q.heap[least]
		i = least
	}
	q.heap[i] = e
}
