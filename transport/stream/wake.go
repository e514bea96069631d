package stream

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// bell ends a poll(2) that waits: an eventfd among the descriptors polled. Ringing
// costs a system call only while somebody waits.
type bell struct {
	waiting atomic.Bool // set before the waiter looks for reasons not to wait
	mu      sync.Mutex
	fd      int // -1 once closed
}

func (b *bell) open() (err error) {
	b.fd, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		b.fd = -1
		return fmt.Errorf("stream: making the descriptor that ends a wait: %w", err)
	}
	return nil
}

// ring ends a wait. The caller has stored the reason before: either the waiter
// sees the reason, or ring sees the waiter.
func (b *bell) ring() {
	if !b.waiting.Load() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fd < 0 {
		return
	}
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	for {
		_, err := unix.Write(b.fd, one[:])
		switch err {
		case nil, unix.EAGAIN: // EAGAIN: it rings already
			return
		case unix.EINTR:
			continue
		}
		panic("stream: an open eventfd cannot be written: " + err.Error())
	}
}

// calm makes the bell silent again, however often it was rung. It is called by
// the waiter only, who alone may meet a closed bell.
func (b *bell) calm() {
	var count [8]byte
	_, _ = unix.Read(b.fd, count[:]) // at worst it rings once more for nothing
}

func (b *bell) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fd < 0 {
		return nil
	}
	err := unix.Close(b.fd)
	b.fd = -1
	return err
}
