package stream

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/hashicorp/go-hclog"

	"paxos/protocol"
)

const (
	// writeBytes is how many bytes of a queue are written at a time, about.
	writeBytes = 256 << 10
	// frameCost is what a waiting frame takes beside its bytes, in bytes.
	frameCost = 64
)

// peer is one other server: its queue, and the connection that we send on.
type peer struct {
	t       *Transport
	id      protocol.NodeID
	address string
	log     hclog.Logger
	stop    context.CancelFunc
	hurry   chan struct{} // has one: connect now, whatever the back-off says
	work    chan struct{} // has one: the queue is not empty

	mu      sync.Mutex
	link    *link    // nil while not connected
	queue   [][]byte // frames, the first one perhaps a frame's rest
	queued  int      // what they cost, in bytes, those being written included
	writing bool     // the queue's goroutine writes, or is about to
	shed    uint64
	links   uint64 // how many connections there were
	trouble string
}

// send writes the batch's frames at once if nothing waits before them and the
// kernel takes them; else they are queued, or lost. It never waits.
//
// It reports whether it woke the goroutine that writes the queue.
func (p *peer) send(b *batch) (woke bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.link == nil {
		p.lose(len(b.ends), errNotUp)
		return false
	}
	written := 0
	if !p.writing && p.link.raw != nil {
		var err error
		if written, err = p.link.tryWrite(b.frames); err != nil {
			p.giveUp(p.link, err)
			p.lose(len(b.ends), err)
			return false
		}
	}
	if written == len(b.frames) {
		p.t.counters.Sent(len(b.ends), b.payload())
		return false
	}
	return p.enqueue(b, written)
}

// enqueue queues what was not written, as far as there is room, and reports
// whether it woke the goroutine that writes it.
func (p *peer) enqueue(b *batch, written int) (woke bool) {
	i, offset := b.from(written)
	for i < len(b.ends) && p.push(b.copy(i)[offset:], offset > 0) {
		i, offset = i+1, 0
	}
	p.t.counters.Sent(i, b.start(i)-frameHeader*i)
	if i < len(b.ends) {
		p.lose(len(b.ends)-i, errQueueFull)
	}
	if p.writing || len(p.queue) == 0 {
		return false
	}
	p.writing = true
	poke(p.work)
	return true
}

// push queues a frame if there is room. The rest of a frame that was begun must go
// in: without it the stream could not go on.
func (p *peer) push(frame []byte, begun bool) bool {
	cost := len(frame) + frameCost
	if !begun && p.queued+cost > p.t.options.QueueBytes {
		return false
	}
	p.queue = append(p.queue, frame)
	p.queued += cost
	return true
}

// lose counts datagrams that were lost here.
func (p *peer) lose(datagrams int, why error) {
	p.shed += uint64(datagrams)
	p.t.counters.SendFailed(datagrams, fmt.Errorf("peer %s: %w", p.id, why))
}

// giveUp ends a connection; the goroutine that reads it notices.
func (p *peer) giveUp(l *link, why error) {
	if l.cause == nil {
		l.cause = why
	}
	abort(l.conn)
}

// attach makes l the connection to send on.
func (p *peer) attach(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.link, p.trouble = l, ""
	p.links++
}

// detach closes the connection and loses what waits for it. It returns why the
// connection ended: what was found first.
func (p *peer) detach(l *link, why error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveUp(l, why)
	if n := len(p.queue); n > 0 {
		p.lose(n, l.cause)
	}
	p.link, p.queue, p.queued, p.writing = nil, nil, 0, false
	p.trouble = l.cause.Error()
	return l.cause
}

// failed notes why there is no connection.
func (p *peer) failed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble = err.Error()
}

// flush writes the queue until it is empty.
func (p *peer) flush(l *link) error {
	for {
		frames, err := p.take(l)
		if len(frames) == 0 || err != nil {
			return err
		}
		if err := l.write(frames); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
		p.done(len(frames))
	}
}

// take returns the queue's front, which stays where it is until it is written.
func (p *peer) take(l *link) (net.Buffers, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		p.writing, p.queue = false, nil
		return nil, l.idle()
	}
	l.frames = l.frames[:0]
	for size := 0; size < writeBytes && len(l.frames) < len(p.queue); {
		f := p.queue[len(l.frames)]
		l.frames = append(l.frames, f)
		size += len(f)
	}
	return l.frames, nil
}

// done takes what was written out of the queue.
func (p *peer) done(frames int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, f := range p.queue[:frames] {
		p.queued -= len(f) + frameCost
		p.queue[i] = nil
	}
	p.queue = p.queue[frames:]
}

func (p *peer) status() PeerStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return PeerStatus{
		ID: p.id, Address: p.address, Connected: p.link != nil, QueuedBytes: p.queued,
		Shed: p.shed, Reconnects: max(p.links, 1) - 1, LastError: p.trouble,
	}
}

// poke puts one into a channel that holds one.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
