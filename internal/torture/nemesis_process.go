package torture

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
)

// targets draws whom a nemesis meets: one member, the leader, a minority or a
// majority of the voters with any of the others, or all.
func targets(all []member, leader int, r *rand.Rand) (some []int, what string) {
	v := voters(all)
	switch r.IntN(5) {
	case 0:
		if leader != unknownLeader {
			return []int{leader}, "the leader, " + list(all, []int{leader})
		}
		fallthrough
	case 1:
		some, what = []int{r.IntN(len(all))}, "one, "
	case 2:
		some, what = withOthers(all, max(1, (len(v)-1)/2), r), "a minority, "
	case 3:
		some, what = withOthers(all, len(v)/2+1, r), "a majority, "
	default:
		return r.Perm(len(all)), "all"
	}
	return some, what + list(all, some)
}

// withOthers draws so many voters, and each of the others with an even chance.
func withOthers(all []member, count int, r *rand.Rand) (some []int) {
	v := voters(all)
	r.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
	some = v[:min(count, len(v))]
	for i, m := range all {
		if !m.voter && r.IntN(2) == 0 {
			some = append(some, i)
		}
	}
	slices.Sort(some)
	return some
}

// killer kills members, and has them started again.
type killer struct{ victims []int }

func (k *killer) start(ctx context.Context, w *world, r *rand.Rand) (what string, err error) {
	k.victims, what = targets(w.fleet.members(), w.fleet.leader(ctx), r)
	for _, i := range k.victims {
		w.keeper.kill(i)
	}
	return what, nil
}

func (k *killer) stop(w *world) error {
	var errs []error
	for _, i := range k.victims {
		errs = append(errs, w.keeper.revive(i))
	}
	return errors.Join(errs...)
}

// pauser stops members with SIGSTOP for a while.
type pauser struct{ victims []int }

func (p *pauser) start(ctx context.Context, w *world, r *rand.Rand) (string, error) {
	p.victims = nil
	some, what := targets(w.fleet.members(), w.fleet.leader(ctx), r)
	for _, i := range some {
		ran, err := w.keeper.pause(i)
		if err != nil {
			return what, err
		}
		if ran {
			p.victims = append(p.victims, i)
		}
	}
	return what, nil
}

func (p *pauser) stop(w *world) error {
	var errs []error
	for _, i := range p.victims {
		errs = append(errs, w.keeper.resume(i))
	}
	return errors.Join(errs...)
}

// filler fills disks. Who ends because of that is started again when there is room.
type filler struct{ victims []int }

func (f *filler) start(ctx context.Context, w *world, r *rand.Rand) (what string, err error) {
	f.victims, what = targets(w.fleet.members(), w.fleet.leader(ctx), r)
	for _, i := range f.victims {
		w.keeper.setFull(i, true)
		if err := w.disks.fill(i); err != nil {
			return what, err
		}
	}
	return what, nil
}

func (f *filler) stop(w *world) error {
	var errs []error
	for _, i := range f.victims {
		errs = append(errs, w.disks.free(i))
		w.keeper.setFull(i, false)
	}
	return errors.Join(errs...)
}
