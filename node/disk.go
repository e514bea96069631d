package node

import (
	"runtime"
	"slices"
	"sync"

	"paxos/protocol"
	"paxos/storage"
)

// group is what one fdatasync covers: records, and the messages that wait for them.
type group struct {
	batch   storage.Batch
	records []protocol.Record // those of the batch, where somebody watches
	held    protocol.Held
}

// disk is the group commit. The loop gathers one group while the disk
// goroutine commits the other; when that is durable, the goroutine lets its
// messages go and takes the next group at once, without the loop's help.
//
// A single record that finds the disk idle is committed by the loop itself:
// there is nothing to overlap with, and to hand it over and wake another thread
// takes a good part of the time that an fdatasync does.
type disk struct {
	store   *storage.Store
	out     *outbox
	failure *failure
	inline  bool // no disk goroutine: somebody calls one
	most    int  // bytes of records that are enough for a group
	watch   Watch
	meter   *meter

	mu     sync.Mutex
	work   sync.Cond // something was gathered, or closed
	idle   sync.Cond // nothing is being committed, nor gathered
	next   []*group  // gathered, in order; none is empty
	spare  []*group  // emptied, at most maxSpare
	busy   bool      // a group is being committed
	closed bool
	dead   bool // failed: nothing leaves any more (rule 9)

	under *group // begun by begin
}

func newDisk(store *storage.Store, out *outbox, f *failure, w world) *disk {
	d := &disk{store: store, out: out, failure: f, inline: w.inline, watch: w.watch}
	d.most = min(groupBytes, int(store.MaxBatchBytes()/2)) // one more record always fits
	d.work.L, d.idle.L = &d.mu, &d.mu
	return d
}

// add gathers records, and what waits for them. Messages that wait for
// nothing, since all records before them are durable, are returned.
func (d *disk) add(records []protocol.Record, held protocol.Held) []protocol.Send {
	if len(records) == 0 && held.Empty() {
		return nil
	}
	free, alone, start := d.gather(records, held)
	switch {
	case alone != nil:
		d.commitAlone(alone)
	case start:
		// The loop is about to wait in a system call that would keep the disk
		// goroutine from this processor for a while: let it go first.
		runtime.Gosched()
	}
	return free
}

// gather puts records and messages into a group. It returns messages that are
// free at once; or the group, taken out, if the loop shall commit it; and
// whether the disk goroutine was given work.
func (d *disk) gather(records []protocol.Record, held protocol.Held) (free []protocol.Send, alone *group, start bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	idle := !d.busy && len(d.next) == 0
	switch {
	case d.dead:
		return nil, nil, false
	case idle && len(records) == 0:
		return held.Release(), nil, false
	}
	if len(records) == 0 && d.last().held.Len() >= maxHeld {
		return nil, nil, false // repeated answers, while the disk hangs: loss
	}
	for _, rec := range records {
		g := d.last()
		g.batch.Add(rec)
		if d.watch.Durable != nil {
			g.records = append(g.records, rec)
		}
	}
	d.last().held.Join(held)
	if d.inline {
		return nil, nil, false
	}
	if idle && len(records) == 1 {
		d.busy = true
		return nil, d.takeFirst(), false
	}
	d.work.Signal()
	return nil, nil, !d.busy
}

// commitAlone commits a group in the loop.
func (d *disk) commitAlone(g *group) {
	if err := d.commit(g); err != nil {
		d.failed(err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.emptied(g)
}

// emptied takes a group back.
func (d *disk) emptied(g *group) {
	d.busy = false
	if len(d.spare) < maxSpare {
		d.spare = append(d.spare, g)
	}
}

// maxSpare bounds the groups that are kept for later. One is filled while the disk
// is at work on another; large commands fill one more.
const maxSpare = 2

// waiting is how many records, and messages that wait for them, were gathered and
// are not with the disk yet.
func (d *disk) waiting() (records, messages int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, g := range d.next {
		records, messages = records+g.batch.Len(), messages+g.held.Len()
	}
	return records, messages
}

// waits reports whether a group waits to be committed.
func (d *disk) waits() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.dead && (d.under != nil || len(d.next) > 0)
}

// begin takes out the first group that waits, if there is one, in place of the
// disk goroutine: what comes later goes into the next one.
func (d *disk) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.dead && d.under == nil && len(d.next) > 0 {
		d.busy, d.under = true, d.takeFirst()
	}
}

// one commits the group that was begun, or the first that waits.
func (d *disk) one() {
	d.begin()
	if g := d.under; g != nil {
		d.under = nil
		d.commitAlone(g)
	}
}

func (d *disk) takeFirst() *group {
	g := d.next[0]
	d.next = slices.Delete(d.next, 0, 1)
	return g
}

// groupBytes bounds a group's records, in bytes: more than a busy disk gathers,
// and less than a segment of the log.
const groupBytes = 1 << 20

// maxHeld bounds the messages without records that a group takes up: answers
// that are given again, which a hanging disk would pile up for ever.
const maxHeld = 4096

// last is the group that takes the next record.
func (d *disk) last() *group {
	if n := len(d.next); n > 0 && d.next[n-1].batch.Bytes() < d.most {
		return d.next[n-1]
	}
	g := new(group)
	if n := len(d.spare); n > 0 {
		g, d.spare = d.spare[n-1], d.spare[:n-1]
	}
	d.next = append(d.next, g)
	return g
}

// run is the disk goroutine: it ends after the first error, or when it was
// closed and everything is durable.
func (d *disk) run() {
	var g *group
	for d.swap(&g) {
		if err := d.commit(g); err != nil {
			d.failed(err)
			return
		}
	}
}

// swap gives an emptied group back and waits for the next one.
func (d *disk) swap(g **group) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if *g != nil {
		d.emptied(*g)
	}
	for len(d.next) == 0 {
		d.idle.Broadcast()
		if d.closed {
			return false
		}
		d.work.Wait()
	}
	d.busy = true
	*g = d.takeFirst()
	return true
}

// commit makes a group durable and then lets its messages go. This is the one
// place where rule 1 is kept: nothing is released before Commit has returned
// without an error.
func (d *disk) commit(g *group) error {
	if g.batch.Len() > 0 {
		if err := d.store.Commit(&g.batch); err != nil {
			return err
		}
		d.meter.committed(g.batch.Len(), g.batch.Bytes())
		if d.watch.Durable != nil {
			d.watch.Durable(g.records)
		}
	}
	g.batch.Reset()
	g.records = g.records[:0]
	d.out.release(g.held.Release())
	return nil
}

// failed ends the disk: nothing leaves any more (rule 9). The reason is told
// first: whoever finds the disk dead, in drain, asks for it.
func (d *disk) failed(err error) {
	d.failure.fail(err)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
	d.idle.Broadcast()
}

// drain waits until everything gathered is durable, or the disk has failed.
func (d *disk) drain() {
	for d.inline && d.waits() {
		d.one()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.dead && (d.busy || len(d.next) > 0) {
		d.idle.Wait()
	}
}

// close lets run end.
func (d *disk) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.work.Signal()
}
