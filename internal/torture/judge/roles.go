package judge

import (
	"fmt"
	"maps"
	"slices"

	"paxos/internal/torture/history"
)

// roles judges the list of the multicast roles. It must be linearizable as any list: nothing
// acknowledged is lost, nothing is there twice, nothing is there that nobody sent, and what
// was acknowledged before something else was sent stands before it. Besides,
// each client's values stand in the order in which it sent them, and the last lists that
// the learners were asked for are the same.
func (c *checking) roles(s subject) error {
	if err := c.list(s); err != nil {
		return err
	}
	all, err := observe(s.actions, c.names)
	if err != nil {
		return err
	}
	c.addWith("FIFO order", func() ([]*action, string) { return firstInFirstOut(all) })
	c.addWith("same lists", func() ([]*action, string) { return sameLists(all) })
	return nil
}

// addWith adds a check that names the operations that break it.
func (c *checking) addWith(name string, check func() ([]*action, string)) {
	some, text := check()
	r := Result{Name: name, Valid: Valid}
	if len(some) > 0 {
		r.Valid, r.Detail = Invalid, text
		if c.verdict.Witness == nil {
			c.verdict.Witness = witnessOf(some)
		}
	}
	c.verdict.add(r)
}

// lists are the reads of a whole list.
func lists(all []seen) (some []*seen) {
	for i := range all {
		if all[i].f == history.Read && all[i].state != nil {
			some = append(some, &all[i])
		}
	}
	return some
}

// firstInFirstOut finds two values of a client that stand in the wrong order in a list.
func firstInFirstOut(all []seen) ([]*action, string) {
	sender := make(map[int64]*seen)
	for i := range all {
		if all[i].appends() {
			sender[all[i].op.Value] = &all[i]
		}
	}
	for _, read := range lists(all) {
		latest := make(map[string]*seen)
		for _, v := range read.state {
			s := sender[v]
			if s == nil {
				continue // another check says so
			}
			before := latest[clientOf(s)]
			if before != nil && s.call < before.call {
				return []*action{s.action, before.action, read.action}, fmt.Sprintf("Client %s sent %s before %s, and they stand in the other order:", clientOf(s), Brief(s.asked), Brief(before.asked))
			}
			latest[clientOf(s)] = s
		}
	}
	return nil, ""
}

func clientOf(s *seen) string {
	if c := s.pair.Invoke.Client; c != "" {
		return c
	}
	return fmt.Sprint(s.pair.Invoke.Process)
}

// sameLists compares the last lists of all learners.
func sameLists(all []seen) ([]*action, string) {
	last := make(map[string]*seen)
	for _, read := range lists(all) {
		last[learnerOf(read)] = read
	}
	var first *seen
	for _, learner := range slices.Sorted(maps.Keys(last)) {
		read := last[learner]
		if first == nil {
			first = read
		}
		if !slices.Equal(first.state, read.state) {
			return []*action{first.action, read.action}, fmt.Sprintf("In the end %s and %s have different lists:", learnerOf(first), learner)
		}
	}
	return nil, ""
}

func learnerOf(s *seen) string {
	if n := s.pair.Invoke.Node; n != "" {
		return n
	}
	return "process " + fmt.Sprint(s.pair.Invoke.Process)
}
