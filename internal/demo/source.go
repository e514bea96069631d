package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"

	"paxos/internal/cluster"
	"paxos/protocol"
)

// maxNumber is the largest value: the harness' own clients send 0 to 32767, too,
// so that equal values are many.
const maxNumber = 32767

// source is one client with the values that it is to send.
type source struct {
	process *cluster.Process
	in      *bufio.Writer
	rng     *rand.Rand
	values  int
	given   int
	sent    [maxNumber + 1]int // how often each value was given
}

func newSource(c *cluster.Cluster, id, values int) (*source, error) {
	p, err := c.Start(protocol.RoleClient, id)
	if err != nil {
		return nil, err
	}
	return &source{process: p, in: bufio.NewWriter(p.Stdin), rng: rand.New(rand.NewPCG(uint64(id), rand.Uint64())), values: values}, nil
}

// give hands over values until share (0 to 1) of all is given. It blocks while
// the client has more than it can take.
func (s *source) give(share float64) error {
	for until := int(share * float64(s.values)); s.given < until; s.given++ {
		n := s.rng.IntN(maxNumber + 1)
		s.sent[n]++
		if _, err := s.in.WriteString(strconv.Itoa(n) + "\n"); err != nil {
			return fmt.Errorf("hand values to %s: %w", s.process, err)
		}
	}
	if err := s.in.Flush(); err != nil {
		return fmt.Errorf("hand values to %s: %w", s.process, err)
	}
	return nil
}

// finish says that there are no more values, and waits until all are acknowledged.
func (s *source) finish(ctx context.Context) error {
	if err := s.process.Stdin.Close(); err != nil {
		return fmt.Errorf("end the input of %s: %w", s.process, err)
	}
	select {
	case <-s.process.Done():
		return s.process.Err()
	case <-ctx.Done():
		return fmt.Errorf("wait for %s to have all its values acknowledged: %w", s.process, context.Cause(ctx))
	}
}

// sources are all clients.
type sources []*source

// each does the same for every client at the same time.
func (all sources) each(do func(*source) error) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, s := range all {
		wg.Go(func() { errs[i] = do(s) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (all sources) give(share float64) error {
	return all.each(func(s *source) error { return s.give(share) })
}

func (all sources) finish(ctx context.Context) error {
	return all.each(func(s *source) error { return s.finish(ctx) })
}

// given is how many values were handed over by now.
func (all sources) given() int {
	n := 0
	for _, s := range all {
		n += s.given
	}
	return n
}

// sent is how often each value was handed over, by all together.
func (all sources) sent() *[maxNumber + 1]int {
	var sum [maxNumber + 1]int
	for _, s := range all {
		for n, times := range s.sent {
			sum[n] += times
		}
	}
	return &sum
}
