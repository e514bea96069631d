package judge

import (
	"fmt"
	"math"
	"strings"

	"paxos/internal/linearizable"
	"paxos/internal/torture/history"
)

// seen is what an operation on the list did and was told.
type seen struct {
	*action
	op linearizable.Op // Length is 0 for an append of which nobody said the place

	state   []int64 // the whole list, if it was told
	hashed  bool    // op.Hash is told; the list may not be
	refused bool    // an append that was not done
	absurd  string  // why no list gives such an answer, whatever else happened
}

func (s *seen) appends() bool {
	return s.op.Kind == linearizable.Append || s.op.Kind == linearizable.AppendWhole
}

// acked says if it is an append that was done, at a place that nobody told.
func (s *seen) acked() bool { return s.appends() && s.outcome == history.OK }

// weak is what is left of an operation that is no part of a witness: an append may take
// effect at any time, a read is nothing.
func (s *seen) weak() (seen, bool) {
	if !s.appends() {
		return seen{}, false
	}
	a := *s.action
	a.outcome, a.call, a.ret = history.Info, 0, linearizable.Forever
	return seen{action: &a, op: linearizable.Op{Client: s.op.Client, Kind: linearizable.Append, Value: s.op.Value, Return: linearizable.Forever}}, true
}

// observe understands the operations on a list.
func observe(all []action, n names) ([]seen, error) {
	var list []seen
	appended := make(map[int64]*action)
	for i := range all {
		a := &all[i]
		s := seen{action: a, op: linearizable.Op{Client: a.pair.Invoke.Process, Server: serverOf(a.pair.Invoke.Node), Call: a.call, Return: a.ret}}
		useful, err := s.observe(n)
		if err != nil {
			return nil, err
		}
		if s.appends() && useful {
			if first := appended[s.op.Value]; first != nil {
				return nil, fmt.Errorf("%w: operations %d and %d append the same value, %s: no value tells which append it came from",
					ErrHistory, first.pair.Invoke.Index, a.pair.Invoke.Index, Brief(a.asked))
			}
			appended[s.op.Value] = a
		}
		if useful {
			list = append(list, s)
		}
	}
	return list, nil
}

// serverOf is the number at the end of a node's name, for people to read; 0 without one.
func serverOf(node string) (number int) {
	digits := node[len(strings.TrimRight(node, "0123456789")):]
	_, _ = fmt.Sscan(digits, &number)
	return number
}

// observe understands one; a read that was not answered is of no use.
func (s *seen) observe(n names) (useful bool, err error) {
	switch s.f {
	case history.Append:
		return true, s.observeAppend(n)
	case history.Read:
		return s.outcome == history.OK, s.observeRead(n)
	}
	return false, s.misunderstood("a list is appended to and read, but", s.f)
}

func (s *seen) observeAppend(n names) error {
	var ok bool
	s.op.Kind = linearizable.Append
	if s.op.Value, ok = n.number(s.asked); !ok {
		return s.misunderstood("it appends", s.asked)
	}
	s.refused = s.outcome == history.Fail
	if s.outcome != history.OK {
		return nil
	}
	if list, ok := n.list(s.answered); ok {
		s.toldState(list)
		return nil
	}
	if answer, ok := s.answered.(history.Appended); ok {
		s.toldPlace(&answer)
		return nil
	}
	if v, ok := n.number(s.answered); s.answered != nil && (!ok || v != s.op.Value) {
		return s.misunderstood(fmt.Sprintf("it appends %s and is answered", Brief(s.asked)), s.answered)
	}
	return nil
}

// toldState takes the answer of a whole list.
func (s *seen) toldState(list []int64) {
	if len(list) == 0 || list[len(list)-1] != s.op.Value {
		s.absurd = "the list that an append is answered with does not end with its value"
		return
	}
	s.op.Kind, s.op.Length, s.op.Hash = linearizable.AppendWhole, int64(len(list)), sum(list).Hash
	s.state, s.hashed = list, true
}

func (s *seen) toldPlace(answer *history.Appended) {
	if answer.Value != s.op.Value {
		s.absurd = "the answer is to an append of another value"
		return
	}
	if answer.Index < history.Unknown || answer.Index == math.MaxInt64 {
		s.absurd = "there is no such index"
		return
	}
	s.op.Length = answer.Index + 1
	if answer.Hash != 0 && answer.Index != history.Unknown {
		s.op.Kind, s.op.Hash, s.hashed = linearizable.AppendWhole, answer.Hash, true
	}
	if answer.State == nil {
		return
	}
	if s.toldState(answer.State); s.absurd == "" && answer.Index != history.Unknown && answer.Index+1 != s.op.Length {
		s.absurd = "the index is not where the value stands in the list"
	}
}

func (s *seen) observeRead(n names) error {
	s.op.Kind = linearizable.ReadWhole
	if s.outcome != history.OK {
		return nil
	}
	if list, ok := n.list(s.answered); ok {
		s.op.Length, s.op.Hash = int64(len(list)), sum(list).Hash
		s.state, s.hashed = list, true
		return nil
	}
	switch answer := s.answered.(type) {
	case history.Length:
		s.op.Kind, s.op.Length = linearizable.ReadLength, answer.Length
		if answer.Hash != 0 {
			s.op.Kind, s.op.Hash, s.hashed = linearizable.ReadWhole, answer.Hash, true
		}
	case history.Entry:
		s.op.Kind, s.op.Length = linearizable.ReadEntry, answer.Length
		s.op.Index, s.op.Value, s.op.Found = answer.Index, answer.Value, answer.Found
	default:
		return s.misunderstood("it reads a list and is answered", s.answered)
	}
	if s.op.Length < 0 || s.op.Index < 0 {
		s.absurd = "no list has such a length or index"
	}
	return nil
}
