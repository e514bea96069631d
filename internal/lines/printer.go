package lines

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"paxos/protocol"
)

// maxPending bounds the bytes that wait for the output; who brings more waits.
const maxPending = 1 << 20

// ErrAbandoned is the error of a Printer that was abandoned.
var ErrAbandoned = errors.New("nobody reads the learned values")

// Printer writes values, one a line, in the background.
type Printer struct {
	out    io.Writer
	onFail func(error)

	mu      sync.Mutex
	changed *sync.Cond // one of the following changed
	pending []byte
	closing bool
	drained bool  // closing, and all is written
	err     error // the first failed write; nothing is written after it
}

// NewPrinter returns a Printer onto out. onFail is called once, from another
// goroutine, when a write fails: a learner with nothing new to print would not
// find out otherwise that nobody reads it any more.
func NewPrinter(out io.Writer, onFail func(error)) *Printer {
	p := &Printer{out: out, onFail: onFail}
	p.changed = sync.NewCond(&p.mu)
	go p.run()
	return p
}

// Print takes the count values of a block (see protocol.Run). It waits while
// too much is pending; the block may be reused when it returns. The error is
// that of an earlier write.
func (p *Printer) Print(count int, block []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.pending) >= maxPending && p.err == nil {
		p.changed.Wait()
	}
	if p.err != nil {
		return p.err
	}
	for range count {
		value, rest, err := protocol.NextPayload(block)
		if err != nil {
			return fmt.Errorf("print %d values: %w", count, err)
		}
		p.pending = append(append(p.pending, value...), '\n')
		block = rest
	}
	p.changed.Broadcast()
	return nil
}

// Close writes what is pending and returns the first error of any write.
func (p *Printer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = true
	p.changed.Broadcast()
	for !p.drained && p.err == nil {
		p.changed.Wait()
	}
	return p.err
}

// Abandon gives up what is not written yet: Print and Close return
// [ErrAbandoned] at once, even if they wait for a write that never ends, into a
// pipe whose reader does not read.
func (p *Printer) Abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.setError(ErrAbandoned)
}

// setError keeps the first error; p.mu is held.
func (p *Printer) setError(err error) {
	if p.err == nil && !p.drained {
		p.err = err
		p.changed.Broadcast()
	}
}

// run writes, each time, all that has gathered during the last write.
func (p *Printer) run() {
	var spare []byte
	for {
		batch, ok := p.take(spare)
		if !ok {
			return
		}
		if _, err := p.out.Write(batch); err != nil {
			p.fail(fmt.Errorf("write the learned values: %w", err))
			return
		}
		spare = batch
	}
}

// take waits for something to write and swaps it for the spare buffer.
func (p *Printer) take(spare []byte) (batch []byte, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.pending) == 0 && !p.closing && p.err == nil {
		p.changed.Wait()
	}
	if len(p.pending) == 0 || p.err != nil {
		p.drained = p.err == nil
		p.changed.Broadcast()
		return nil, false
	}
	batch, p.pending = p.pending, spare[:0]
	p.changed.Broadcast()
	return batch, true
}

func (p *Printer) fail(err error) {
	p.mu.Lock()
	p.setError(err)
	p.mu.Unlock()
	if p.onFail != nil {
		p.onFail(err)
	}
}
