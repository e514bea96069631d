package kv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"paxos/storage/kv/pages"
)

// Pinner is a database that can hold a view of itself for somebody who reads its
// file: what the view consists of stays in the file as it is until the pin is let go.
type Pinner interface {
	// Pin holds what is committed now.
	Pin() (*Pin, error)
}

// Pin is a view that is held. It is let go by Release, or by the database itself,
// when it needs the room or its files grow too far for it.
type Pin struct {
	// Meta is the content of the meta page that the view hangs on, pages.MetaBytes long.
	Meta []byte

	db   *boltDB
	tx   *bbolt.Tx
	size int64 // of the file, when it was pinned
	once sync.Once
	lost chan struct{}
}

// Lost is closed when the pin was let go.
func (p *Pin) Lost() <-chan struct{} { return p.lost }

// Release lets the view go. It may be called more than once, by anybody.
func (p *Pin) Release() {
	p.once.Do(func() {
		p.db.pins.remove(p)
		close(p.lost)
		_ = p.db.guard("let a pinned view go", p.tx.Rollback) // of a view: nothing can be lost
	})
}

const (
	// pinPatience is how long a transaction may take before it is looked into whether it
	// waits for a pin, and how long that takes: when the memory map must grow, a
	// transaction waits for all views to end, and new ones wait for it. So a pin holds
	// nobody up for longer than twice this.
	pinPatience = 100 * time.Millisecond
	// pinGrowth is how much a file may grow while a view of it is pinned, since pages
	// that the view needs are not used again.
	pinGrowth = 256 << 20
)

// pins are the views that are held.
type pins struct {
	mu   sync.Mutex
	held map[*Pin]bool
}

func (p *pins) add(pin *Pin) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = map[*Pin]bool{}
	}
	p.held[pin] = true
}

func (p *pins) any() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held) > 0
}

func (p *pins) remove(pin *Pin) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.held, pin)
}

// release lets those go that are to go.
func (p *pins) release(which func(*Pin) bool) {
	p.mu.Lock()
	var some []*Pin
	for pin := range p.held {
		if which(pin) {
			some = append(some, pin)
		}
	}
	p.mu.Unlock()
	for _, pin := range some {
		pin.Release()
	}
}

func everyPin(*Pin) bool { return true }

// Pin implements [Pinner] with a transaction of bbolt's that only reads: bbolt uses
// none of its pages again while it lasts. But the meta page may be overwritten, so
// its content is a part of the pin.
func (d *boltDB) Pin() (*Pin, error) {
	for range 100 { // while two commits come between the two steps
		pin, err := d.tryPin()
		if pin != nil || err != nil {
			return pin, boltError(d.path, "pin", err)
		}
	}
	return nil, errors.New("the database is changed too fast to pin a view of it")
}

func (d *boltDB) tryPin() (pin *Pin, err error) {
	err = d.guard("pin", func() error {
		tx, err := d.db.Begin(false)
		if err != nil {
			return err
		}
		size, meta, err := d.metaOf(uint64(tx.ID()))
		if err != nil || meta == nil {
			return errors.Join(err, tx.Rollback())
		}
		pin = &Pin{Meta: meta, db: d, tx: tx, size: size, lost: make(chan struct{})}
		d.pins.add(pin)
		return nil
	})
	return pin, err
}

// metaOf reads the meta page of a transaction, if it is still there.
func (d *boltDB) metaOf(transaction uint64) (size int64, meta []byte, err error) {
	info, err := d.file.Stat()
	if err != nil {
		return 0, nil, err
	}
	meta = make([]byte, pages.MetaBytes)
	if _, err := d.file.ReadAt(meta, int64(transaction%2)*boltPageBytes+boltHeader); err != nil && err != io.EOF {
		return 0, nil, fmt.Errorf("read the meta page: %w", err)
	}
	if _, err := pages.DecodeMeta(meta); err != nil || binary.LittleEndian.Uint64(meta[48:]) != transaction {
		return 0, nil, nil
	}
	return info.Size(), meta, nil
}

// yield makes pins give way to a transaction that begins now. The caller calls what
// it returns when the transaction has ended.
func (d *boltDB) yield() (ended func()) {
	done := make(chan struct{})
	go d.watch(done)
	return func() {
		close(done)
		d.pins.release(d.outgrown)
	}
}

// watch lets all pins go if a transaction waits for them. It cannot be seen waiting,
// but while it does no new view begins.
func (d *boltDB) watch(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(pinPatience):
		}
		if d.pins.any() && !d.viewBegins() {
			d.pins.release(everyPin)
		}
	}
}

// viewBegins reports whether a view can begin within a time.
func (d *boltDB) viewBegins() bool {
	began := make(chan struct{})
	go func() {
		defer close(began)
		_ = d.View(func(Tx) error { return nil }) // a closed or broken database keeps nobody waiting
	}()
	select {
	case <-began:
		return true
	case <-time.After(pinPatience):
		return false
	}
}

// outgrown reports whether the file has grown too far while a view was pinned.
func (d *boltDB) outgrown(pin *Pin) bool {
	info, err := d.file.Stat()
	return err != nil || info.Size() > pin.size+pinGrowth
}
