package maelstrom

import (
	"io"
	"sync"
	"time"
)

const (
	// datagramBacklog and replyBacklog bound what waits to be printed, in bytes. A
	// datagram is lost sooner than a reply, but both can be: who reads so slowly
	// must not make the engine wait, nor memory grow (rule 8).
	datagramBacklog = 4 << 20
	replyBacklog    = 16 << 20
	// printPatience is how long a shutdown waits for the reader of stdout.
	printPatience = 2 * time.Second
)

// printer writes lines in a goroutine of its own. Any goroutine may use it.
type printer struct {
	mu      sync.Mutex
	more    sync.Cond
	waiting []byte // whole lines
	closed  bool

	done chan struct{} // closed when nothing is written any more
	err  error         // why, nil after close; read after done
}

func newPrinter(out io.Writer) *printer {
	p := &printer{done: make(chan struct{})}
	p.more.L = &p.mu
	go p.run(out)
	return p
}

// print queues a copy of the line that parts make together, unless so many bytes
// are waiting already.
func (p *printer) print(backlog int, parts ...[]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.waiting) >= backlog {
		return false
	}
	for _, part := range parts {
		p.waiting = append(p.waiting, part...)
	}
	p.waiting = append(p.waiting, '\n')
	p.more.Signal()
	return true
}

func (p *printer) run(out io.Writer) {
	defer close(p.done)
	var lines []byte
	for {
		if lines = p.take(lines[:0]); len(lines) == 0 {
			return
		}
		if _, err := out.Write(lines); err != nil {
			p.err = err
			return
		}
	}
}

// take waits for lines and swaps them for an empty buffer. It returns none when
// the printer is closed and everything was taken.
func (p *printer) take(empty []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.waiting) == 0 && !p.closed {
		p.more.Wait()
	}
	lines := p.waiting
	p.waiting = empty
	return lines
}

// close writes what waits, and waits for that within bounds. A reader that does
// not read is left behind, with the goroutine.
func (p *printer) close() {
	p.mu.Lock()
	p.closed = true
	p.more.Signal()
	p.mu.Unlock()
	select {
	case <-p.done:
	case <-time.After(printPatience):
	}
}
