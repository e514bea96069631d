package listclient

import (
	"runtime"

	"paxos/protocol"
)

// What a batch is made of. The servers pack its commands into values of their log, each of which is decided by itself.
const (
	maxBatch  = 1024                                      // commands of one request
	maxValues = 8                                         // of the log, for one request: 480 KiB; servers take bodies of 1 MiB
	logValue  = protocol.MaxValue - protocol.ItemOverhead // bytes of the payloads in one of them
)

// batch is consecutive commands that go in one request. All but dissolved belongs to its lane while it is under way.
type batch struct {
	session   uint64
	first     uint64
	commands  []command
	doubt     bool // a request with it was sent whose outcome is not known
	dissolved bool // its commands were answered or queued again; guarded by appender.mu
}

// idleTurns is how often nothing new may come before gather gives up: about 2 us.
const idleTurns = 8

// gather lets callers that were just answered queue their next values, so that these go together: as long as
// some still come, and fewer than were answered are there. It never waits by the clock.
func (a *appender) gather(answered int) {
	had := 0
	for idle := 0; idle < idleTurns && had < answered; idle++ {
		runtime.Gosched()
		a.mu.Lock()
		n := a.queue.len()
		a.mu.Unlock()
		if n > had {
			had, idle = n, 0
		}
	}
}

func (a *appender) fill(b *batch) {
	*b = batch{session: a.session, first: a.next, commands: b.commands[:0]}
	weight := int64(0)
	for range a.ready() {
		cmd := a.queue.pop()
		cmd.group.waiting--
		cmd.group.sent = true
		weight += cmd.reserved()
		b.commands = append(b.commands, cmd)
	}
	a.room.Release(weight)
	a.next += uint64(len(b.commands))
	a.underway = append(a.underway, b)
}

// ready is how many of the queued commands, of which there is at least one, go in the next batch. Where they fill values
// of the log, what would fill less than half of one more is left for the next batch: the leader would hold it
// back until the values before it are decided, and the answer to the whole batch with it.
func (a *appender) ready() int {
	most := min(a.queue.len(), a.limit, int(a.free()))
	values, full, bytes := 1, 0, 0 // the value in the making, the commands before it, and its bytes
	for n := range most {
		size := protocol.PayloadSize(len(a.queue.at(n).value.String()))
		if bytes+size > logValue {
			if values == maxValues {
				return n
			}
			values, full, bytes = values+1, n, 0
		}
		bytes += size
	}
	if full > 0 && bytes < logValue/2 {
		return full
	}
	return most
}
