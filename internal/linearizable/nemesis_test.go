package linearizable

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// fault does something bad to the servers; heal undoes it. leader is 0 where none is known.
type fault func(s *stage, r *rand.Rand, leader int) error

// torture does rounds of a fault while clients play: in each round it goes on
// for a moment, then all is mended and an append must succeed.
func (s *stage) torture(f fault) {
	s.t.Helper()
	r := s.random(1)
	for end := time.Now().Add(duration(s.t)); time.Now().Before(end); {
		ok(s.t, f(s, r, s.cluster.Leader(s.bounded())))
		s.wait(r, []time.Duration{300 * time.Millisecond, 2500 * time.Millisecond}[r.IntN(2)]) // before others notice, or after
		s.heal(r)
		s.wait(r, 500*time.Millisecond)
	}
}

func (s *stage) wait(r *rand.Rand, longest time.Duration) {
	sleep(s.t.Context(), time.Duration(r.Int64N(int64(longest))))
}

// heal undoes all faults, in any order, and waits until an append succeeds.
func (s *stage) heal(r *rand.Rand) {
	s.t.Helper()
	steps := []func() error{s.startAll, s.joinAll}
	r.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for _, step := range steps {
		ok(s.t, step())
	}
	took, err := s.available()
	ok(s.t, err)
	s.healings = append(s.healings, took)
}

func (s *stage) startAll() error {
	for i := 1; i <= s.cluster.Count(); i++ {
		if s.cluster.Running(i) {
			continue
		}
		if err := s.cluster.Start(i); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) joinAll() error {
	if s.network == nil {
		return nil
	}
	return s.network.Heal()
}

// available appends at all servers, again and again, until it succeeds at one of
// them, and returns how long that took. The aim is 2 s; what it took is told. Far more
// is allowed for machines that have much else to do.
func (s *stage) available() (time.Duration, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	var asking sync.WaitGroup
	var first time.Duration
	var once sync.Once
	for i := 1; i <= s.cluster.Count(); i++ {
		p := &player{s: s, client: s.history.NewClient()}
		asking.Go(func() {
			for ctx.Err() == nil {
				if p.one(ctx, i, Append, 5*time.Second) == nil {
					once.Do(func() { first = time.Since(began) })
					cancel()
				}
				sleep(ctx, 10*time.Millisecond)
			}
		})
	}
	asking.Wait()
	if first == 0 {
		return 0, fmt.Errorf("all is well, but no append succeeds within %v", patience)
	}
	return first, nil
}

// someone is the leader, every other time.
func someone(s *stage, r *rand.Rand, leader int) int {
	if leader > 0 && r.IntN(2) == 0 {
		return leader
	}
	return 1 + r.IntN(s.cluster.Count())
}

// part parts the network at random; only the servers' own connections are cut.
func part(s *stage, r *rand.Rand, leader int) error {
	all := r.Perm(s.cluster.Count())
	for i := range all {
		all[i]++
	}
	n := len(all)
	switch r.IntN(6) {
	case 0: // in two
		cut := 1 + r.IntN(n-1)
		return s.network.Partition(all[:cut], all[cut:])
	case 1, 2: // one alone, which does not hear that another one leads
		alone := cmp.Or(leader, all[0])
		return s.network.Partition([]int{alone}, s.others(alone))
	case 3: // two halves that have one server in common
		cut := n / 2
		return s.network.Partition(all[:cut+1], all[cut:])
	case 4: // everybody alone
		return s.network.Partition()
	}
	return s.network.Deafen(someone(s, r, leader), all[0])
}
