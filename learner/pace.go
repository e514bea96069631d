package learner

import (
	"fmt"

	"paxos/protocol"
)

// The pace of a Fetcher: never more bytes under way than the own socket buffer
// holds, never more chunks in memory than the limit, and what was lost is asked
// for again, piece by piece, after a pause that doubles until something comes.

// progress moves the alarms.
func (f *Fetcher) progress(now protocol.Time) {
	f.delay = f.cfg.RetryDelay
	f.retryAt = now.Add(f.delay)
	f.failAt = now.Add(f.cfg.IdleTimeout)
}

// fill asks for more as soon as half of the window is free.
func (f *Fetcher) fill(out *protocol.Output) {
	room := f.cfg.Window - f.underWay()
	if f.err != nil || room < f.cfg.Window/2 {
		return
	}
	for room > 0 {
		b, e, found := f.unasked(room)
		if !found {
			return
		}
		b.asked = e.end
		f.ask(b, e, out)
		room -= int(e.end - e.first)
	}
}

func (f *Fetcher) ask(b *blob, e extent, out *protocol.Output) {
	out.SendTo(f.peer, &protocol.Fetch{Target: f.peer, Kind: b.kind, Number: b.number,
		Offset: e.first, Length: e.end - e.first})
}

// underWay is how many bytes were asked for and are not here.
func (f *Fetcher) underWay() int {
	sum := 0
	for _, b := range f.open {
		for _, e := range b.waiting() {
			sum += int(e.end - e.first)
		}
	}
	return sum
}

// unasked returns the first bytes that were not asked for and have room in memory.
func (f *Fetcher) unasked(room int) (*blob, extent, bool) {
	f.openChunks()
	for _, b := range f.open {
		if b.total == 0 && !f.fits(b, f.guess) {
			continue
		}
		if e, found := b.next(room, f.guess); found {
			return b, e, true
		}
	}
	return nil, extent{}, false
}

// openChunks opens as many of the wanted chunks as may be under way at once.
func (f *Fetcher) openChunks() {
	for f.wanted && len(f.open) < maxChunksOpen {
		if f.nextChunk == f.endChunk {
			if len(f.also) == 0 {
				return
			}
			f.nextChunk, f.endChunk, f.also = f.also[0].first, f.also[0].end, f.also[1:]
		}
		f.open = append(f.open, &blob{kind: protocol.BlobChunk, number: f.nextChunk})
		f.nextChunk++
	}
}

// fits reports whether there is room for a blob of n bytes. The oldest one
// under way always has room, or nothing would ever be complete; but what is
// complete must have been taken first, or nothing would bound it.
func (f *Fetcher) fits(b *blob, n int) bool {
	return b == f.open[0] && len(f.ready) == 0 || f.buffered()+n <= f.cfg.MaxBuffered
}

// buffered is how many bytes of blobs are in memory.
func (f *Fetcher) buffered() int {
	sum := 0
	for _, b := range f.open {
		sum += len(b.data)
	}
	for _, b := range f.ready {
		sum += len(b.Data)
	}
	return sum
}

// Tick asks again for what was lost, and gives up when nothing came for too
// long. While chunks wait to be taken the transfer waits for its own disk, and
// no silence of the peer counts.
func (f *Fetcher) Tick(now protocol.Time, out *protocol.Output) {
	if at, due := f.Deadline(); !due || now < at {
		return
	}
	switch {
	case f.tickSoon:
		f.tickSoon = false
		f.progress(now)
	case len(f.ready) > 0:
		f.failAt = now.Add(f.cfg.IdleTimeout)
	}
	f.fill(out)
	switch {
	case len(f.open) == 0:
	case now >= f.failAt:
		f.fail(fmt.Errorf("%s: nothing came for %s", f.describe(), f.cfg.IdleTimeout))
	case now >= f.retryAt:
		f.retry(out)
		f.delay = min(2*f.delay, f.cfg.MaxRetryDelay)
		f.retryAt = now.Add(f.delay)
	}
}

// Deadline is when Tick is needed next, false if nothing is under way.
func (f *Fetcher) Deadline() (protocol.Time, bool) {
	switch {
	case !f.active || f.err != nil:
		return 0, false
	case f.tickSoon:
		return 0, true
	}
	return min(f.retryAt, f.failAt), len(f.open) > 0
}

// retry asks again for what was asked for and is missing, extent by extent;
// that is never more than the window.
func (f *Fetcher) retry(out *protocol.Output) {
	n := 0
	for _, b := range f.open {
		for _, e := range b.waiting() {
			if n == maxRetries {
				return
			}
			f.ask(b, e, out)
			n++
		}
	}
}
