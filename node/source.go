package node

import (
	"errors"
	"io"
	"sync"
	"time"

	"paxos/protocol"
)

// source reads a client's payloads ahead of the loop, in a goroutine of its own,
// because the next one may be long in coming.
type source struct {
	next  func() ([]byte, error)
	pause time.Duration
	wake  func() // tells the loop that there is something new

	mu    sync.Mutex
	room  sync.Cond // the block was taken, or nobody wants more
	block []byte    // payloads read and not taken, as in protocol.Run
	count int
	err   error // io.EOF after the last payload
	quit  bool
}

// sourceAhead bounds how far the source reads ahead, in bytes.
const sourceAhead = 64 << 10

func newSource(o ClientOptions) *source {
	s := &source{next: o.Next, pause: o.Pause, wake: o.Transport.Wake}
	s.room.L = &s.mu
	return s
}

// run reads until the end, an error, or stop.
func (s *source) run() {
	for {
		payload, err := s.next()
		if !s.put(payload, err) {
			return
		}
		if s.pause > 0 {
			time.Sleep(s.pause)
		}
	}
}

// put adds a payload, or the end. It reports whether to go on.
func (s *source) put(payload []byte, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.block) >= sourceAhead && !s.quit {
		s.room.Wait()
	}
	if err != nil {
		s.err = err
	} else {
		s.block = protocol.AppendPayload(s.block, payload)
		s.count++
	}
	if first := s.count == 1; first || err != nil {
		s.wake() // later ones are found together with the first
	}
	return err == nil && !s.quit
}

// take swaps the payloads read so far for an emptied buffer. An error comes
// only after the last payload; io.EOF is the good end.
func (s *source) take(empty []byte) (block []byte, count int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	block, count, err = s.block, s.count, s.err
	s.block, s.count = empty[:0], 0
	s.room.Signal()
	return block, count, err
}

// stop makes run return at its next step.
func (s *source) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quit = true
	s.room.Signal()
}

func ended(err error) bool { return errors.Is(err, io.EOF) }
