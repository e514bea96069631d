package listclient

import (
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const maxReads = 1024 // entries of one request

// reader gathers reads of single entries and of the length. A read is answered by a request that is sent after it
// was asked for, which is what linearizable means for it. Only callers that wait
// are in the queue, so it is bounded by their number.
type reader struct {
	c     *Client
	only  *server // nil: any
	local bool    // what the server has applied is enough
	once  sync.Once

	mu    sync.Mutex
	more  sync.Cond
	queue deque[*read]
	over  bool
}

func newReader(c *Client, only *server, local bool) *reader {
	r := &reader{c: c, only: only, local: local}
	r.more.L = &r.mu
	return r
}

func (r *reader) start() {
	for range r.c.cfg.ReadPipeline {
		lane := &readLane{r: r, link: r.c.newLink(r.c.ctx, r.only)}
		r.c.start(lane.run)
	}
}

func (r *reader) put(q *read) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return false
	}
	r.queue.push(q)
	r.more.Signal()
	return true
}

// drop takes out a read for which nobody waits.
func (r *reader) drop(q *read) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q.gone = true
	r.queue.remove(func(other **read) bool { return *other == q })
}

// take waits for reads and takes as many as one request holds; none once the client is closed.
func (r *reader) take(batch []*read) []*read {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.queue.len() == 0 && !r.over {
		r.more.Wait()
	}
	batch = batch[:0]
	for r.queue.len() > 0 && len(batch) < maxReads {
		batch = append(batch, r.queue.pop())
	}
	return batch
}

// waited drops the reads for which nobody waits any longer.
func (r *reader) waited(batch []*read) []*read {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := batch[:0]
	for _, q := range batch {
		if !q.gone {
			kept = append(kept, q)
		}
	}
	return kept
}

func (r *reader) close() {
	r.mu.Lock()
	r.over = true
	r.more.Broadcast()
	r.mu.Unlock()
}

// readLane sends batches of reads, one at a time, over its own connection.
type readLane struct {
	r      *reader
	link   *link
	batch  []*read
	wanted []*read // for entries
	path   []byte
}

func (l *readLane) run() {
	defer l.link.close()
	for {
		if len(l.batch) > 1 {
			runtime.Gosched() // those that were just answered may have the next read
		}
		if l.batch = l.r.take(l.batch); len(l.batch) == 0 {
			return
		}
		if err := l.answer(); err != nil {
			for _, q := range l.batch {
				q.err = err
				q.done <- struct{}{}
			}
		}
	}
}

// answer asks until there is an answer, or nobody waits for it.
func (l *readLane) answer() *Error {
	since := time.Now()
	for tries := 1; ; tries++ {
		err := l.attempt()
		switch {
		case err == nil:
			return nil
		case l.r.c.ctx.Err() != nil:
			return closed(NotDone)
		case err.final(), time.Since(since) > l.r.c.cfg.GiveUp:
			return err.with(NotDone)
		}
		if err.Code != codeStale {
			sleep(l.r.c.ctx, pauseBefore(tries))
		}
		if l.batch = l.r.waited(l.batch); len(l.batch) == 0 {
			return nil
		}
	}
}

func (l *readLane) attempt() *Error {
	r := &request{method: http.MethodGet, path: l.target()}
	if err := l.link.send(r); err != nil {
		return err
	}
	body, err := l.link.receive(r)
	if err != nil {
		return err
	}
	return l.deliver(body)
}

// target is the path of the batch's request.
func (l *readLane) target() string {
	b, indexes := append(l.path[:0], "/v1/list?at="...), 0
	for _, q := range l.batch {
		if q.length {
			continue
		}
		if indexes++; indexes > 1 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, q.index, 10)
	}
	mark := byte('&')
	if indexes == 0 {
		b, mark = append(b[:0], "/v1/list/length"...), '?'
	}
	if l.r.local {
		b = append(append(b, mark), "consistency=local"...)
	}
	l.path = b
	return string(b)
}

// entries are the reads of the batch that ask for an entry.
func (l *readLane) entries() []*read {
	l.wanted = l.wanted[:0]
	for _, q := range l.batch {
		if !q.length {
			l.wanted = append(l.wanted, q)
		}
	}
	return l.wanted
}

// take keeps an entry's JSON; null is none.
func (q *read) take(raw []byte) {
	q.raw = q.raw[:0]
	if string(raw) != "null" {
		q.raw = append(q.raw, raw...)
	}
}

// deliver gives each read its part of the answer. The answer is checked as a whole before.
func (l *readLane) deliver(body []byte) *Error {
	var count uint64
	fresh := freshness(l.link.header)
	wanted, at := l.entries(), 0
	s := scanner{rest: body}
	s.object(func(name []byte) {
		switch string(name) {
		case "values":
			s.array(func() {
				if raw := s.raw(); at < len(wanted) {
					wanted[at].take(raw)
				}
				at++
			})
		case "length":
			count = s.uint()
		case "applied":
			fresh.Applied = s.uint()
		default:
			s.skip()
		}
	})
	if s.bad || at != len(wanted) {
		return l.link.reject(fmt.Sprintf("to a read of %d entries: %.100q", len(wanted), body))
	}
	for _, q := range l.batch {
		q.count, q.fresh, q.err = count, fresh, nil
		q.done <- struct{}{}
	}
	return nil
}
