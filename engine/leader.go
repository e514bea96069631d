package engine

import (
	"context"
	"sync"

	"paxos/node"
)

// Leader is who leads, as far as a node knows. Any node takes any command, so a
// program rarely needs it; it is for work that one node should do (and that does no
// harm if for a moment two of them do).
type Leader = node.Leader

// leaders tells those who watch who leads.
type leaders struct {
	mu       sync.Mutex
	now      Leader
	closed   bool
	watchers map[chan Leader]bool
}

// set is called by the node's loop, and does not wait: a watcher that has not
// taken the last news finds the newest in their place.
func (l *leaders) set(now Leader) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = now
	for c := range l.watchers {
		select {
		case <-c:
		default:
		}
		c <- now // there is room: only set sends, and it holds mu
	}
}

func (l *leaders) watch() chan Leader {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := make(chan Leader, 1)
	if l.closed {
		close(c)
		return c
	}
	if l.watchers == nil {
		l.watchers = make(map[chan Leader]bool)
	}
	l.watchers[c] = true
	c <- l.now
	return c
}

func (l *leaders) drop(c chan Leader) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watchers[c] {
		delete(l.watchers, c)
		close(c)
	}
}

func (l *leaders) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for c := range l.watchers {
		close(c)
	}
	clear(l.watchers)
}

// Leader is who leads now, as far as this node knows.
func (e *Engine) Leader() Leader {
	e.leaders.mu.Lock()
	defer e.leaders.mu.Unlock()
	return e.leaders.now
}

// WatchLeader tells who leads: at once, and whenever that changes. The channel holds
// one Leader, always the newest: who is slow misses what was in between, never the
// last word. It is closed when ctx ends, or the engine.
func (e *Engine) WatchLeader(ctx context.Context) <-chan Leader {
	c := e.leaders.watch()
	context.AfterFunc(ctx, func() { e.leaders.drop(c) })
	return c
}
