package node

import (
	"sync"

	"paxos/protocol"
)

// mailbox is what other goroutines of a list server have for the loop: its own
// messages that are durable now, and what the front door asks for.
type mailbox struct {
	wake func()

	mu      sync.Mutex
	letters []letter
	asks    []ask
	bytes   int // of payloads that the asks hold
	spareL  []letter
	spareA  []ask
	woken   bool // the loop was told, and has not looked since
	closed  bool // the loop has ended
}

// ask is something to be done in the loop: to append a call's payloads, as most
// are, or anything else.
type ask struct {
	append *call
	do     func(now protocol.Time)
}

// put leaves messages of this process to itself.
func (b *mailbox) put(self protocol.Sender, sends []protocol.Send) {
	b.mu.Lock()
	for _, s := range sends {
		if s.Only == (protocol.Peer{}) || s.Only == self.Peer {
			b.letters = append(b.letters, letter{self, s.Msg})
		}
	}
	b.tell()
}

// offer leaves a call of so many bytes to be begun in the loop. It fails where there
// is no room (ErrBusy): while the loop is stuck, with a slow disk, what is asked of it
// must not pile up, though those who asked may be gone (rule 8).
func (b *mailbox) offer(a ask, size int) error {
	b.mu.Lock()
	switch {
	case b.closed:
		b.mu.Unlock()
		return ErrStopped
	case len(b.asks) >= deskCalls || b.bytes > 0 && b.bytes+size > deskBytes:
		b.mu.Unlock()
		return ErrBusy
	}
	b.bytes += size
	b.asks = append(b.asks, a)
	b.tell()
	return nil
}

// ask leaves something to be done in the loop.
func (b *mailbox) ask(f func(now protocol.Time)) {
	b.mu.Lock()
	b.asks = append(b.asks, ask{do: f})
	b.tell()
}

// close refuses all further offers, and returns what the loop has not begun.
func (b *mailbox) close() []ask {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return b.asks
}

// tell unlocks, and wakes the loop once for all that it has not looked at.
func (b *mailbox) tell() {
	first := !b.woken
	b.woken = true
	b.mu.Unlock()
	if first {
		b.wake()
	}
}

// empty reports whether nothing waits for the loop.
func (b *mailbox) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.letters) == 0 && len(b.asks) == 0
}

// take takes out everything. What it returned last must not be used any more.
func (b *mailbox) take() ([]letter, []ask) {
	b.mu.Lock()
	defer b.mu.Unlock()
	letters, asks := b.letters, b.asks
	clear(b.spareL)
	clear(b.spareA)
	b.letters, b.asks = b.spareL[:0], b.spareA[:0]
	b.spareL, b.spareA = letters, asks
	b.woken, b.bytes = false, 0
	return letters, asks
}
