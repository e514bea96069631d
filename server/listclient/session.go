package listclient

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"paxos/protocol"
)

// appender is the client's session: what waits to be sent, and what is under way. Its lanes send.
//
// What must hold:
//   - the batches in underway have consecutive numbers, and those that follow get next;
//   - from the first number under way to the last are never more than window numbers, for
//     the list keeps the places of so many;
//   - a batch is sent again only with the numbers and values that it had, and only while it is the
//     oldest under way. So at most one batch is repeated at a time, in order.
type appender struct {
	c    *Client
	room *semaphore.Weighted // of the queue, in bytes
	turn sync.Mutex          // held from taking a batch until it is written: requests leave in order
	once sync.Once           // the lanes are started

	mu        sync.Mutex
	more      sync.Cond // a lane may find something to take
	moved     sync.Cond // underway has changed
	queue     deque[command]
	underway  []*batch // oldest first
	session   uint64   // 0: none is open
	window    uint64
	next      uint64 // number of the next command
	limit     int    // values of a batch
	repeating int    // lanes with a batch that failed; nothing new is sent meanwhile
	troubled  time.Time
	over      bool
}

func newAppender(c *Client) *appender {
	a := &appender{c: c, room: semaphore.NewWeighted(int64(c.cfg.QueueBytes)), limit: maxBatch}
	a.more.L, a.moved.L = &a.mu, &a.mu
	return a
}

// start starts the lanes.
func (a *appender) start() {
	for range a.c.cfg.Pipeline {
		a.c.start(a.newLane().run)
	}
}

// take fills b with what is to be sent next, waiting until there is something. The caller has the turn.
// It is false once the client is closed.
func (a *appender) take(b *batch) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for !a.over {
		switch {
		case a.repeating > 0 || a.queue.len() == 0:
			a.more.Wait()
		case a.session == 0:
			a.open()
		case a.free() == 0:
			a.more.Wait()
		default:
			a.fill(b)
			return true
		}
	}
	return false
}

// free is how many commands the session's window has room for.
func (a *appender) free() uint64 {
	if len(a.underway) == 0 {
		return a.window
	}
	return a.window - (a.next - a.underway[0].first)
}

// open opens a session; if that fails, what is queued fails. It is called with mu held and lets go of it meanwhile.
func (a *appender) open() {
	a.mu.Unlock()
	var nonce [16]byte
	rand.Read(nonce[:])
	session, window, err := a.c.openSession(a.c.ctx, nonce)
	a.mu.Lock()
	if err != nil {
		a.refuseQueue(err.with(NotDone))
		return
	}
	a.session, a.window, a.next = session, min(window, protocol.SessionWindow), 1
}

// openSession opens a session. However often the request is repeated, its nonce opens one session only.
func (c *Client) openSession(ctx context.Context, nonce [16]byte) (session, window uint64, err *Error) {
	r := &request{method: http.MethodPost, path: "/v1/sessions", body: nonceBody(nonce)}
	body, err := c.exchange(ctx, nil, r, true)
	if err != nil {
		return 0, 0, err
	}
	s := scanner{rest: body}
	s.object(func(name []byte) {
		switch string(name) {
		case "client":
			session = s.uint()
		case "window":
			window = s.uint()
		default:
			s.skip()
		}
	})
	if s.bad || session == 0 || window == 0 {
		return 0, 0, badAnswer("", fmt.Sprintf("opening a session: %.100q", body))
	}
	c.cfg.Log.Debug("session opened", "session", session)
	c.findLeader()
	return session, window, nil
}

// repeats counts lanes with a batch that failed.
func (a *appender) repeats(by int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.repeating += by; a.repeating == 0 {
		a.more.Signal()
	} else if a.troubled.IsZero() {
		a.troubled = time.Now()
	}
}

// oldest waits until b is the oldest batch under way; false if it is dissolved before that.
func (a *appender) oldest(b *batch) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for !b.dissolved && a.underway[0] != b {
		a.moved.Wait()
	}
	return !b.dissolved
}

// finish takes b out of what is under way; false if it was dissolved before.
func (a *appender) finish(b *batch) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if b.dissolved {
		return false
	}
	b.dissolved = true
	at := slices.Index(a.underway, b)
	a.underway = slices.Delete(a.underway, at, at+1)
	a.troubled = time.Time{}
	a.limit = min(2*a.limit, maxBatch)
	a.more.Signal()
	a.moved.Broadcast()
	return true
}

// decide says what follows from the failure of the oldest batch; false: it is to be sent again.
//
// Where it is certain that no request with the batch was or will be applied, the list will never see
// its numbers, and so apply nothing that follows them in this session. That makes it
// safe to give the batches behind it new numbers, in a new session.
func (a *appender) decide(b *batch, err *Error) bool {
	givenUp := a.givenUp()
	switch {
	case err.Outcome == Done:
		if a.finish(b) {
			fail(b.commands, err)
		}
	case err.Code == codeExpired && b.doubt:
		fail(a.abandon(err), err.with(Unknown))
	case givenUp && b.doubt:
		lost := a.abandon(err)
		a.refuse(err.with(NotDone)) // before anybody is told and may queue the next value
		fail(lost, err.with(Unknown))
	case givenUp:
		a.restart(b, false)
		a.refuse(err)
		fail(b.commands, err)
	case err.Code == codeExpired:
		a.restart(b, true)
	case err.Code == codeTooLarge && !b.doubt && len(b.commands) > 1:
		a.shrink(len(b.commands) / 2)
		a.restart(b, true)
	case err.final() && !b.doubt:
		a.restart(b, false)
		fail(b.commands, err)
	default:
		return false
	}
	return true
}

func (a *appender) givenUp() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.troubled.IsZero() && time.Since(a.troubled) > a.c.cfg.GiveUp
}

// shrink makes batches smaller for a while: one of its values may be more than the server takes.
func (a *appender) shrink(limit int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit = limit
}

// fail ends the groups of commands. The appender's lock must not be held: callbacks run here.
func fail(commands []command, err *Error) {
	for _, cmd := range commands {
		cmd.group.failed(err)
	}
}
