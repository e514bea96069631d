package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// schedule lets nemeses start and stop, one deed at every interval. With one nemesis
// starts and stops alternate; with several, they are drawn, and more than one may be at it
// at once. But the more there are, the more likely it is that the next deed is a stop: a
// cluster that is down all the time shows nothing.
type schedule struct {
	world    *world
	kinds    []kind
	interval time.Duration
	random   *rand.Rand
	log      *deeds

	nemeses []nemesis
	active  []bool
}

func newSchedule(w *world, kinds []kind, interval time.Duration, r *rand.Rand, log *deeds) *schedule {
	s := &schedule{world: w, kinds: kinds, interval: interval, random: r, log: log, active: make([]bool, len(kinds))}
	for _, k := range kinds {
		s.nemeses = append(s.nemeses, k.make())
	}
	return s
}

// run does harm until ctx ends. What is not undone by then, heal undoes.
func (s *schedule) run(ctx context.Context) error {
	if len(s.kinds) == 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(s.interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.turn(ctx); err != nil {
			return err
		}
	}
}

// turn is one deed.
func (s *schedule) turn(ctx context.Context) error {
	i := s.draw()
	if s.active[i] {
		return s.stop(i)
	}
	s.active[i] = true
	s.log.begins(s.kinds[i].name)
	what, err := s.nemeses[i].start(ctx, s.world, s.random)
	s.log.began(s.kinds[i].name, what)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("nemesis %s, %s: %w", s.kinds[i].name, what, err)
	}
	return nil
}

// draw draws who starts or stops next. Of n that are at it one stops with a chance of
// n in n+1; so there is one at it on average.
func (s *schedule) draw() int {
	var idle, busy []int
	for i, active := range s.active {
		if active {
			busy = append(busy, i)
		} else {
			idle = append(idle, i)
		}
	}
	if len(idle) == 0 || s.random.IntN(len(busy)+1) > 0 {
		return busy[s.random.IntN(len(busy))]
	}
	return idle[s.random.IntN(len(idle))]
}

func (s *schedule) stop(i int) error {
	s.active[i] = false
	s.log.ends(s.kinds[i].name)
	err := s.nemeses[i].stop(s.world)
	s.log.ended(s.kinds[i].name)
	if err != nil {
		return fmt.Errorf("stop nemesis %s: %w", s.kinds[i].name, err)
	}
	return nil
}

// heal undoes all that is not undone yet, in any order.
func (s *schedule) heal() error {
	var errs []error
	for _, i := range s.random.Perm(len(s.kinds)) {
		if s.active[i] {
			errs = append(errs, s.stop(i))
		}
	}
	return errors.Join(errs...)
}
