package judge

import (
	"errors"
	"fmt"
	"math"

	"paxos/internal/linearizable"
	"paxos/internal/torture/history"
	"paxos/internal/torture/history/edn"
)

// ErrHistory says that a history can't be judged: it is not understood.
var ErrHistory = errors.New("this history can't be judged")

// action is an operation of a client on one list or register.
type action struct {
	pair      *history.Pair
	f         history.F
	asked     any // the value it was given
	answered  any // if it is OK
	outcome   history.Type
	call, ret int64 // in nanoseconds, all different; ret is Forever if nobody knows the outcome
}

func (a *action) misunderstood(what string, v any) error {
	return fmt.Errorf("%w: operation %d (%s): %s %s", ErrHistory, a.pair.Invoke.Index, a.f, what, Brief(v))
}

// clock gives each line of a history a time, later than that of the line before. The order
// of the lines is what counts; the times are for people.
func clock(ops []history.Op) []int64 {
	times := make([]int64, len(ops)+1)
	last := int64(0)
	for i := range ops {
		const longest = math.MaxInt64 / 4 // no clock's; it can't overflow
		if t := ops[i].Time; t > last && t < longest {
			last = t - 1
		}
		last++
		times[i] = last
	}
	times[len(ops)] = linearizable.Forever
	return times
}

// actions are the clients' operations with their times.
func actions(ops []history.Op, pairs []history.Pair) []action {
	times := clock(ops)
	all := make([]action, len(pairs))
	for i := range pairs {
		p := &pairs[i]
		a := action{pair: p, f: p.Invoke.F, asked: p.Invoke.Value, outcome: p.Outcome(), call: times[p.Began], ret: times[p.Ended]}
		if a.outcome == history.OK {
			a.answered = p.End.Value
		}
		if a.outcome == history.Info {
			a.ret = linearizable.Forever
		}
		all[i] = a
	}
	return all
}

// names gives other values than integers a number, so that lists and registers are
// always of integers.
type names map[any]int64

// reserved are the numbers of names, so low that nobody appends them.
const reserved = math.MinInt64 + 1<<40

// number is a value's; ok is false for nil and for collections.
func (n names) number(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		if v >= reserved {
			return v, true
		}
	case float64:
		if math.IsNaN(v) {
			return 0, false
		}
	case string, bool, edn.Keyword, edn.Symbol, edn.Number, edn.Char:
	default:
		return 0, false
	}
	if _, known := n[v]; !known {
		n[v] = math.MinInt64 + int64(len(n))
	}
	return n[v], true
}

// list is a whole list's.
func (n names) list(v any) ([]int64, bool) {
	switch v := v.(type) {
	case history.List:
		return v, true
	case edn.Vector:
		all := make([]int64, len(v))
		for i, one := range v {
			var ok bool
			if all[i], ok = n.number(one); !ok {
				return nil, false
			}
		}
		return all, true
	}
	return nil, false
}

// sum is a list's length and hash.
func sum(list []int64) linearizable.Sum {
	s := linearizable.NewSum()
	for _, v := range list {
		s.Add(v)
	}
	return s
}
