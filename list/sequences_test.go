package list

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"paxos/protocol"
)

// Three sessions at most, four clients that want one.
const (
	fewSessions = 3
	fewNonces   = 4
)

// pair is a list beside its twin.
type pair struct {
	s *State
	w *twin
}

func newPair() pair {
	return pair{newState(Options{}, fewSessions), &twin{limit: fewSessions}}
}

// apply applies a value to both, which must say the same, and to a replica that was just restored, which must become
// the same, byte for byte.
func (p pair) apply(t *testing.T, v protocol.Value) {
	t.Helper()
	replica := newState(Options{}, fewSessions)
	if err := replica.Restore(p.s.AppendHead(nil)); err != nil {
		t.Fatal(err)
	}
	var want, got, again protocol.Effects
	p.w.apply(v, &want)
	p.s.Apply(p.s.Applied()+1, v, &got)
	replica.Apply(replica.Applied()+1, v, &again)
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(again, want) {
		t.Fatalf("effects %+v, of the restored one %+v, want %+v", got, again, want)
	}
	checkSessions(t, p.s, p.w)
	if !bytes.Equal(p.s.AppendHead(nil), replica.AppendHead(nil)) {
		t.Fatal("the restored replica went another way")
	}
}

// commands are everything that can come next: each client opens; each session that there ever was, and one that there
// was not, sends a run that is in turn, repeats, overlaps, or leaves a gap.
func (p pair) commands() (items []any) {
	for n := range fewNonces {
		items = append(items, nonceOf(n))
	}
	for id := protocol.SessionID(1); id <= protocol.SessionID(p.w.opened+1); id++ {
		last := 0
		if s := p.w.byID(id); s != nil {
			last = len(s.where)
		}
		for first := max(1, last); first <= last+2; first++ {
			items = append(items, runOf(id, protocol.Seq(first), 1), runOf(id, protocol.Seq(first), 3))
		}
	}
	return items
}

// key is all that decides how a list goes on.
func (p pair) key() string {
	order := slices.Clone(p.w.sessions)
	slices.SortFunc(order, func(a, b *twinSession) int { return a.used - b.used })
	key := fmt.Sprint(p.w.opened)
	for _, s := range order {
		key += fmt.Sprintf(" %d %s %d", s.id, s.nonce[:8], len(s.where))
	}
	return key
}

// Every sequence of five commands of four clients with three sessions: gaps, repeats, overlaps, evictions, strangers.
// The list says what its dumb twin says, a replica restored at any step goes the same way, and the list holds every
// command once, in its session's order.
func TestEverySequenceOfCommands(t *testing.T) {
	walk(t, 5, pair.commands)
}

// Who was not heard of for longest goes, in every sequence of six opens and commands in turn.
func TestEverySequenceOfUses(t *testing.T) {
	walk(t, 6, func(p pair) (items []any) {
		for n := range fewNonces {
			items = append(items, nonceOf(n))
		}
		for _, s := range p.w.sessions {
			if len(s.where) < 2 {
				items = append(items, runOf(s.id, protocol.Seq(len(s.where)+1), 1))
			}
		}
		return items
	})
}

// walk goes from every state that can be reached in so many steps to the next, by everything that can come.
func walk(t *testing.T, depth int, commands func(pair) []any) {
	seen := map[string]bool{}
	level := [][]any{nil}
	steps := 0
	for range depth {
		var next [][]any
		for _, path := range level {
			for _, item := range commands(replay(path)) {
				p := replay(path)
				p.apply(t, value(item))
				steps++
				if key := p.key(); !seen[key] {
					seen[key] = true
					next = append(next, append(slices.Clip(path), item))
					wantOnceInOrder(t, p)
				}
			}
		}
		level = next
	}
	t.Logf("%d states, %d steps", len(seen), steps)
}

// Every value of three items: what they do in one value is what they do one by one.
func TestEveryValueOfThreeItems(t *testing.T) {
	values := 0
	start := []any{nonceOf(0)}
	for _, a := range replay(start).commands() {
		for _, b := range replay(append(slices.Clip(start), a)).commands() {
			for _, c := range replay(append(slices.Clip(start), a, b)).commands() {
				p := replay(start)
				p.apply(t, value(a, b, c))
				values++
			}
		}
	}
	t.Logf("%d values", values)
}

func replay(path []any) pair {
	p := newPair()
	for _, item := range path {
		v := value(item)
		p.w.apply(v, new(protocol.Effects))
		p.s.Apply(p.s.Applied()+1, v, new(protocol.Effects))
	}
	return p
}

// wantOnceInOrder looks at the list itself: payloads name session and seq.
func wantOnceInOrder(t *testing.T, p pair) {
	t.Helper()
	entries, err := contents(p.s, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]int{}
	for i, entry := range entries {
		var id string
		var seq int
		if _, err := fmt.Sscanf(entry, "%1s/%d", &id, &seq); err != nil || seq != last[id]+1 {
			t.Fatalf("entry %d is %q, after command %d of that session: %v", i, entry, last[id], err)
		}
		last[id] = seq
	}
}
