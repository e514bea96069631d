package linearizable

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// fault does something bad to the servers; heal undoes it. leader is 0 where none is known.
type fault func(s *stage, r *rand.Rand, leader int) error

// unavailable is how long no append may succeed after everything was mended. The
// aim is 2 s; what it took is told. More is allowed for machines that have
// much else to do.
const unavailable = 10 * time.Second

// torture does rounds of faults while clients play: in each round one or more,
// for a moment, then all is mended and an append must succeed soon.
func (s *stage) torture(faults ...fault) {
	s.t.Helper()
	r := s.random(1)
	for end := time.Now().Add(duration(s.t)); time.Now().Before(end); {
		leader := s.cluster.Leader(s.bounded())
		for _, f := range pick(r, faults) {
			ok(s.t, f(s, r, leader))
			s.wait(r, 300*time.Millisecond)
		}
		s.wait(r, []time.Duration{300 * time.Millisecond, 2500 * time.Millisecond}[r.IntN(2)]) // before others notice, or after
		s.heal(r)
		s.wait(r, 500*time.Millisecond)
	}
}

// pick draws one or more, in any order.
func pick(r *rand.Rand, faults []fault) []fault {
	shuffled := slices.Clone(faults)
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return shuffled[:1+r.IntN(len(shuffled))]
}

func (s *stage) wait(r *rand.Rand, longest time.Duration) {
	sleep(s.t.Context(), time.Duration(r.Int64N(int64(longest))))
}

// heal undoes all faults, in any order, and waits until an append succeeds.
func (s *stage) heal(r *rand.Rand) {
	s.t.Helper()
	steps := []func() error{s.resumeAll, s.startAll, s.joinAll}
	r.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for _, step := range steps {
		ok(s.t, step())
	}
	took, err := s.available()
	ok(s.t, err)
	if s.healings = append(s.healings, took); took > unavailable {
		s.t.Errorf("all is well, but no append succeeded for %v", took)
	}
}

func (s *stage) resumeAll() error {
	for i := range s.pauses {
		delete(s.pauses, i)
		if s.cluster.Running(i) {
			if err := s.cluster.Resume(i); err != nil {
				return err
			}
		}
	}
	return nil
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
// them, and returns how long that took.
func (s *stage) available() (time.Duration, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	var asking sync.WaitGroup
	var first time.Duration
	var once sync.Once
	for i := 1; i <= s.cluster.Count(); i++ {
		p := &player{s: s, client: s.history.NewClient()}
		asking.Go(func() {
			for ctx.Err() == nil {
				if p.one(ctx, i, Append, time.Second) == nil {
					once.Do(func() { first = time.Since(began) })
					cancel()
				}
				sleep(ctx, 10*time.Millisecond)
			}
		})
	}
	asking.Wait()
	if first == 0 {
		return 0, fmt.Errorf("all is well, but no append succeeds")
	}
	return first, nil
}

// killSome kills servers with SIGKILL: mostly one, now and then more, up to all.
func killSome(s *stage, r *rand.Rand, _ int) error {
	count := 1
	for count < s.cluster.Count() && r.IntN(3) == 0 {
		count++
	}
	for _, i := range r.Perm(s.cluster.Count())[:count] {
		if err := s.kill(i + 1); err != nil {
			return err
		}
		s.wait(r, 20*time.Millisecond)
	}
	return nil
}

// killAndStart kills one and starts it at once.
func killAndStart(s *stage, r *rand.Rand, leader int) error {
	i := someone(s, r, leader)
	if err := s.kill(i); err != nil {
		return err
	}
	return s.cluster.Start(i)
}

func (s *stage) kill(i int) error {
	if !s.cluster.Running(i) {
		return nil
	}
	return s.cluster.Kill(i)
}

// someone is the leader, every other time.
func someone(s *stage, r *rand.Rand, leader int) int {
	if leader > 0 && r.IntN(2) == 0 {
		return leader
	}
	return 1 + r.IntN(s.cluster.Count())
}

// pauseSomeone stops a server with SIGSTOP, most often the leader.
func pauseSomeone(s *stage, r *rand.Rand, leader int) error {
	i := someone(s, r, leader)
	if leader > 0 && r.IntN(2) == 0 {
		i = leader
	}
	if !s.cluster.Running(i) || s.pauses[i] {
		return nil
	}
	s.pauses[i] = true
	return s.cluster.Pause(i)
}

// blink pauses and resumes the leader, as a process does that the system takes
// its time from.
func blink(s *stage, r *rand.Rand, leader int) error {
	if leader == 0 || !s.cluster.Running(leader) || s.pauses[leader] {
		return nil
	}
	if err := s.cluster.Pause(leader); err != nil {
		return err
	}
	s.wait(r, 800*time.Millisecond)
	return s.cluster.Resume(leader)
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

// lose makes all links between servers lose some packets in a hundred, for
// the rest of the test. Clients' connections lose none.
func (s *stage) lose(percent int) {
	s.t.Helper()
	for i := 1; i <= s.cluster.Count(); i++ {
		for j := 1; j <= s.cluster.Count(); j++ {
			if i == j {
				continue
			}
			// Partitions are in the table `filter`, and replace only that.
			rule := []string{"iptables", "-t", "mangle", "-A", "INPUT", "-s", s.network.Host(j),
				"-m", "statistic", "--mode", "random", "--probability", fmt.Sprintf("%.2f", float64(percent)/100), "-j", "DROP"}
			line := append(s.network.Within(i), rule...)
			if out, err := exec.Command(line[0], line[1:]...).CombinedOutput(); err != nil {
				s.t.Fatalf("%v: %v: %s", rule, err, out)
			}
		}
	}
}
