package linearizable

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// others are all servers but one.
func (s *stage) others(than int) (all []int) {
	for i := 1; i <= s.cluster.Count(); i++ {
		all = append(all, i)
	}
	return slices.DeleteFunc(all, func(i int) bool { return i == than })
}

func (s *stage) leader() int {
	s.t.Helper()
	leader, err := s.cluster.WaitLeader(s.bounded())
	ok(s.t, err)
	return leader
}

// newPlayer is a player that does what a test tells it to.
func (s *stage) newPlayer() *player {
	return &player{s: s, client: s.history.NewClient(), random: s.random(300)}
}

// append appends by one of the servers, as often as it takes.
func (p *player) append(by []int) {
	p.s.t.Helper()
	ctx := p.s.bounded()
	for i := 0; p.one(ctx, by[i%len(by)], Append, time.Second) != nil; i++ {
		if ctx.Err() != nil {
			p.s.t.Fatal("no append succeeds")
		}
	}
}

// TestTheCheckFindsStaleReads shows that the check can fail: with real servers that are asked for reads
// that may be stale. Reads that must not be are not answered meanwhile, by the same servers.
func TestTheCheckFindsStaleReads(t *testing.T) {
	for _, c := range []struct {
		name  string
		alone func(s *stage) int
	}{
		{"a leader", func(s *stage) int { return s.leader() }},
		{"a follower", func(s *stage) int { return s.others(s.leader())[0] }},
	} {
		s := newPartedStage(t, 3)
		p := s.newPlayer()
		p.append(s.others(0))
		alone := c.alone(s)
		ok(t, s.network.Partition([]int{alone}, s.others(alone)))
		p.append(s.others(alone))
		if err := p.one(t.Context(), alone, ReadLength, time.Second); err == nil {
			t.Errorf("%s that is cut off answers a linearizable read", c.name)
		}
		ok(t, Check(s.history.Ops(), s.listOf(s.others(alone)[0]), 0))
		p.query = "?consistency=local"
		ok(t, p.one(t.Context(), alone, ReadLength, patience))
		if err := Check(s.history.Ops(), s.listOf(s.others(alone)[0]), 0); !errors.Is(err, ErrNotLinearizable) {
			t.Errorf("%s that is cut off answers a stale read, and the check says: %v", c.name, err)
		}
	}
}

// listOf is the list that a server has.
func (s *stage) listOf(server int) []int64 {
	s.t.Helper()
	var values []int64
	ok(s.t, s.cluster.Wait(s.bounded(), "a server's list", func() bool {
		var err error
		values, _, err = s.readList(server)
		return err == nil
	}))
	return values
}

// TestALeaderThatWakesUpServesNoStaleReads pauses a leader, so that it does not
// learn that it leads no more. When it wakes up it is cut off first, or hears what it missed.
func TestALeaderThatWakesUpServesNoStaleReads(t *testing.T) {
	s := newPartedStage(t, 3)
	p := s.newPlayer()
	for _, cutOff := range []bool{true, false, true, false} {
		old := s.leader()
		ok(t, s.cluster.Pause(old))
		if cutOff {
			ok(t, s.network.Partition([]int{old}, s.others(old)))
		}
		p.append(s.others(old))
		answers := s.readMany(old)
		sleep(t.Context(), 100*time.Millisecond) // they are on their way; if not, no harm is done
		ok(t, s.cluster.Resume(old))
		if cutOff {
			sleep(t.Context(), 300*time.Millisecond)
			ok(t, s.network.Heal())
		}
		if n := answers(); n == 0 {
			t.Error("no read was answered; the test is void")
		}
	}
	s.finish()
}

// readMany begins reads at a server, and returns a function that waits for them and
// says how many were answered.
func (s *stage) readMany(server int) (answers func() int) {
	var reading sync.WaitGroup
	var mu sync.Mutex
	answered := 0
	for i := range 12 {
		p := s.newPlayer()
		kind := []Kind{ReadWhole, ReadLength, ReadEntry}[i%3]
		reading.Go(func() {
			if p.one(context.WithoutCancel(s.t.Context()), server, kind, patience) == nil {
				mu.Lock()
				defer mu.Unlock()
				answered++
			}
		})
	}
	return func() int {
		reading.Wait()
		return answered
	}
}
