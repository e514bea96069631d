package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/internal/torture/history"
)

// noted is a nemesis that only notes what it is told.
type noted struct {
	name string
	to   *[]string
	err  error
}

func (n noted) start(_ context.Context, _ *world, r *rand.Rand) (string, error) {
	*n.to = append(*n.to, "+"+n.name)
	return fmt.Sprint("so much: ", r.IntN(1000)), n.err
}

func (n noted) stop(*world) error {
	*n.to = append(*n.to, "-"+n.name)
	return n.err
}

// notedSchedule is a schedule of nemeses that only note.
func notedSchedule(seed uint64, err error, names ...string) (*schedule, *[]string) {
	to := new([]string)
	var all []kind
	for _, name := range names {
		all = append(all, kind{name: name, make: func() nemesis { return noted{name, to, err} }})
	}
	return newSchedule(nil, all, time.Millisecond, seeded(seed), newDeeds(history.NewRecorder(time.Now()))), to
}

func TestOneNemesisAlternatesAndHealEndsIt(t *testing.T) {
	s, to := notedSchedule(1, nil, "a")
	for range 3 {
		ok(t, s.turn(t.Context()))
	}
	ok(t, s.heal())
	ok(t, s.heal())
	if got := strings.Join(*to, " "); got != "+a -a +a -a" {
		t.Error(got)
	}
}

func TestSeveralNemesesAreDrawnAndHealEndsAll(t *testing.T) {
	for seed := range uint64(20) {
		s, to := notedSchedule(seed, nil, "a", "b", "c")
		for range 21 {
			ok(t, s.turn(t.Context()))
		}
		ok(t, s.heal())
		for _, name := range []string{"a", "b", "c"} {
			var own []string
			for _, deed := range *to {
				if deed[1:] == name {
					own = append(own, deed[:1])
				}
			}
			if want := strings.Repeat("+-", len(own)/2); strings.Join(own, "") != want {
				t.Errorf("seed %d: nemesis %s: %v", seed, name, own)
			}
		}
		if len(slices.Compact(slices.Sorted(slices.Values(*to)))) != 6 {
			t.Errorf("seed %d: in 21 turns not everybody was at it: %v", seed, *to)
		}
	}
}

func TestTheSameSeedDoesTheSameHarm(t *testing.T) {
	deeds := func(seed uint64) string {
		s, to := notedSchedule(seed, nil, "a", "b", "c")
		for range 20 {
			ok(t, s.turn(t.Context()))
		}
		for _, b := range s.log.all() {
			*to = append(*to, b.Text)
		}
		return fmt.Sprint(*to)
	}
	one, again, other := deeds(1), deeds(1), deeds(2)
	if one != again || one == other {
		t.Errorf("%s\n%s\n%s", one, again, other)
	}
}

func TestANemesisThatFailsIsNamed(t *testing.T) {
	broken := errors.New("broken")
	s, _ := notedSchedule(1, broken, "a")
	if err := s.run(t.Context()); !errors.Is(err, broken) || !strings.Contains(err.Error(), "nemesis a") {
		t.Error(err)
	}
	if err := s.heal(); !errors.Is(err, broken) || !strings.Contains(err.Error(), "nemesis a") {
		t.Error(err)
	}
}

func TestTheHistoryAndTheBandsTellWhatNemesesDid(t *testing.T) {
	s, _ := notedSchedule(1, nil, "a")
	for range 3 {
		ok(t, s.turn(t.Context()))
	}
	var fs []string
	for _, o := range s.log.recorder.Ops() {
		if o.Process != history.Nemesis {
			t.Errorf("%+v", o)
		}
		fs = append(fs, string(o.F))
	}
	if got := strings.Join(fs, " "); got != "start-a start-a stop-a stop-a start-a start-a" {
		t.Error(got)
	}
	bands := s.log.all()
	if len(bands) != 2 || bands[0].To > bands[1].From || bands[1].To < bands[1].From || !strings.HasPrefix(bands[0].Text, "so much") {
		t.Errorf("%+v", bands)
	}
	if got := s.log.active(); !slices.Equal(got, []string{"a"}) {
		t.Error(got)
	}
}

func TestTargetsAreOfEachKindAndWithinTheCluster(t *testing.T) {
	seen := make(map[string]bool)
	for seed := range uint64(200) {
		for _, all := range [][]member{serverMembers(1), serverMembers(3), serverMembers(5), roleMembers(3)} {
			some, what := targets(all, int(seed%2)-1, seeded(seed))
			seen[strings.Split(what, ",")[0]] = true
			if len(some) == 0 || slices.Max(some) >= len(all) || len(slices.Compact(slices.Sorted(slices.Values(some)))) != len(some) {
				t.Errorf("seed %d, %d members: %s %v", seed, len(all), what, some)
			}
			met := 0
			for _, i := range some {
				if all[i].voter {
					met++
				}
			}
			n := len(voters(all))
			if strings.HasPrefix(what, "a minority") && n > 2 && 2*met >= n || strings.HasPrefix(what, "a majority") && 2*met <= n {
				t.Errorf("seed %d: %s: %d of %d voters", seed, what, met, n)
			}
		}
	}
	for _, kind := range []string{"the leader", "one", "a minority", "a majority", "all"} {
		if !seen[kind] {
			t.Errorf("%s was never drawn", kind)
		}
	}
}
