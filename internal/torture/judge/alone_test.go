package judge

import (
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"paxos/internal/torture/history"
)

// listModel is the list for porcupine with nothing clever: operations as they stand in the history,
// appends with unknown places and outcomes included.
func listModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return "" },
		Step: func(state, input, _ any) (bool, any) {
			s := input.(*seen)
			list := []rune(state.(string)) // a value is a rune
			if s.appends() {
				list = append(list, rune(s.op.Value))
			}
			return s.absurd == "" && fits(s, list), string(list)
		},
	}
}

func fits(s *seen, list []rune) bool {
	if s.appends() && s.op.Length == 0 {
		return true
	}
	if s.op.Length != int64(len(list)) {
		return false
	}
	for i, v := range s.state {
		if rune(v) != list[i] {
			return false
		}
	}
	found := s.op.Index < s.op.Length
	if s.f == history.Read && s.state == nil {
		return s.op.Found == found && (!found || rune(s.op.Value) == list[s.op.Index])
	}
	return true
}

func porcupineAlone(t *rapid.T, ops []history.Op) bool {
	pairs, err := history.Pairs(ops)
	if err != nil {
		t.Fatal(err)
	}
	all, err := observe(actions(ops, pairs), names{})
	if err != nil {
		t.Fatal(err)
	}
	var some []porcupine.Operation
	for i := range all {
		if s := &all[i]; !s.refused {
			some = append(some, porcupine.Operation{ClientId: i, Input: s, Call: s.call, Return: s.ret})
		}
	}
	return porcupine.CheckOperations(listModel(), some)
}

// event is an operation of a history that is drawn: it takes effect at a time between its
// beginning and its end.
type event struct {
	op         history.Op
	answer     any
	outcome    history.Type
	begin, end int
}

// lines makes a history of events.
func lines(events []event) []history.Op {
	type line struct {
		at int
		op history.Op
	}
	var all []line
	for i, e := range events {
		begin := e.op
		begin.Type, begin.Process = history.Invoke, i
		all = append(all, line{e.begin, begin})
		end := begin
		if end.Type = e.outcome; end.Type == history.OK {
			end.Value = e.answer
		}
		if end.Type != history.Info {
			all = append(all, line{max(e.begin, e.end), end})
		}
	}
	slices.SortStableFunc(all, func(a, b line) int { return a.at - b.at })
	ops := make([]history.Op, len(all))
	for i, l := range all {
		ops[i] = l.op
		ops[i].Index = i
	}
	return ops
}

// drawList makes a linearizable history: effects one after another, and operations
// around them. Answers tell the whole list, a place, or nothing.
func drawList(t *rapid.T) []event {
	around := rapid.SampledFrom([]int{0, 4, 12, 25, 45})
	var list history.List
	var events []event
	for i := range rapid.IntRange(3, 9).Draw(t, "operations") {
		e := event{begin: 10*i - around.Draw(t, "before"), end: 10*i + around.Draw(t, "after"), outcome: history.OK}
		if rapid.Bool().Draw(t, "append") {
			v := int64(100 + i)
			e.op = history.Op{F: history.Append, Value: v}
			e.outcome = rapid.SampledFrom([]history.Type{history.OK, history.OK, history.Info, history.Fail}).Draw(t, "outcome")
			if e.outcome == history.OK || e.outcome == history.Info && rapid.Bool().Draw(t, "done") {
				list = append(slices.Clone(list), v)
			}
			e.answer = rapid.SampledFrom([]any{v, nil, history.Appended{Value: v, Index: int64(len(list)) - 1}, history.Appended{Value: v, Index: history.Unknown, State: list}}).Draw(t, "answer")
		} else {
			e.op = history.Op{F: history.Read}
			entry := history.Entry{Index: rapid.Int64Range(0, 3).Draw(t, "index"), Length: int64(len(list))}
			if entry.Found = entry.Index < entry.Length; entry.Found {
				entry.Value = list[entry.Index]
			}
			e.answer = rapid.SampledFrom([]any{append(history.List{}, list...), entry}).Draw(t, "answer")
		}
		events = append(events, e)
	}
	return events
}

// spoil changes something, maybe so that nobody can tell.
func spoil(t *rapid.T, events []event) {
	e := &events[rapid.IntRange(0, len(events)-1).Draw(t, "spoiled")]
	switch rapid.IntRange(0, 5).Draw(t, "how") {
	case 0:
		e.begin, e.end = e.begin-30, e.end-30
	case 1:
		e.begin, e.end = e.begin+30, e.end+30
	case 2:
		other := events[rapid.IntRange(0, len(events)-1).Draw(t, "other")]
		if other.op.F == history.Read && e.op.F == history.Read {
			e.answer = other.answer
		}
	case 3:
		if list, ok := e.answer.(history.List); ok && len(list) > 1 {
			list = slices.Clone(list)
			list[0], list[len(list)-1] = list[len(list)-1], list[0]
			e.answer = list
		}
	case 4:
		if a, ok := e.answer.(history.Appended); ok && a.Index >= 0 {
			a.Index += rapid.Int64Range(-a.Index, 1).Draw(t, "shift")
			e.answer = a
		}
	}
}

// TestListsAreJudgedAsPorcupineAloneDoes compares with porcupine that gets the whole history as it is.
// A witness must be bad by itself, by porcupine alone and the appends of all others weak, and no
// smaller one may be.
func TestListsAreJudgedAsPorcupineAloneDoes(t *testing.T) {
	verdicts := map[Validity]int{}
	rapid.Check(t, func(t *rapid.T) {
		events := drawList(t)
		for range rapid.IntRange(1, 3).Draw(t, "spoils") {
			spoil(t, events)
		}
		ops := lines(events)
		v, err := Check(ops, Append, 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := porcupineAlone(t, ops); (v.Valid == Valid) != want || v.Valid == Unknown {
			t.Fatalf("the judges say %v (%s), porcupine alone %v", v.Valid, v.Explanation, want)
		}
		verdicts[v.Valid]++
		if v.Valid == Invalid {
			smallest(t, ops, v.Witness)
		}
	})
	if verdicts[Valid] == 0 || verdicts[Invalid] == 0 {
		t.Errorf("the test is void: verdicts %v", verdicts)
	}
}

// smallest asks porcupine if a witness is bad, and fine without any one of its operations.
func smallest(t *rapid.T, ops []history.Op, w Witness) {
	strong := map[int]bool{}
	for _, o := range w {
		if o.Type == history.Invoke {
			strong[o.Process] = true
		}
	}
	if porcupineAlone(t, soften(ops, strong)) {
		t.Fatalf("the witness is fine:\n%s", w.Table())
	}
	for p := range strong {
		delete(strong, p)
		if !porcupineAlone(t, soften(ops, strong)) {
			t.Fatalf("the witness needs no process %d:\n%s", p, w.Table())
		}
		strong[p] = true
	}
}

// soften makes all operations weak but those of some processes.
func soften(ops []history.Op, strong map[int]bool) (soft []history.Op) {
	for _, o := range ops { // they may take effect before everything
		if !strong[o.Process] && o.Type == history.Invoke && o.F != history.Read {
			soft = append(soft, o)
		}
	}
	for _, o := range ops {
		if strong[o.Process] {
			soft = append(soft, o)
		}
	}
	return soft
}

// drawRegister makes a linearizable history of a register. Values may come twice.
func drawRegister(t *rapid.T) []event {
	around := rapid.SampledFrom([]int{0, 4, 12, 25, 45})
	var events []event
	var now any
	values := rapid.SampledFrom([]int64{3, 1000}).Draw(t, "values") // few, or all different
	swap, erase := rapid.Bool().Draw(t, "with swaps"), rapid.Bool().Draw(t, "with deletions")
	for i := range rapid.IntRange(3, 9).Draw(t, "operations") {
		e := event{begin: 10*i - around.Draw(t, "before"), end: 10*i + around.Draw(t, "after"), outcome: history.OK}
		v := int64(i)%values + 1
		kind := rapid.IntRange(0, 3).Draw(t, "kind")
		old, holds := now.(int64)
		written := any(v)
		switch {
		case kind < 2:
			e.op, e.answer = history.Op{F: history.Read}, now
		case kind == 2 && swap && holds:
			e.op, e.answer = history.Op{F: history.CAS, Value: history.Swap{Old: old, New: v}}, history.Swap{Old: old, New: v}
		case kind == 3 && erase:
			e.op, written = history.Op{F: history.Write}, nil
		default:
			e.op, e.answer = history.Op{F: history.Write, Value: v}, v
		}
		if e.op.F != history.Read {
			if e.outcome = rapid.SampledFrom([]history.Type{history.OK, history.OK, history.Info, history.Fail}).Draw(t, "outcome"); e.outcome == history.OK || e.outcome == history.Info && rapid.Bool().Draw(t, "done") {
				now = written
			}
		}
		events = append(events, e)
	}
	return events
}

func TestRegistersAreJudgedAsPorcupineAloneDoes(t *testing.T) {
	verdicts := map[Validity]int{}
	rapid.Check(t, func(t *rapid.T) {
		events := drawRegister(t)
		for range rapid.IntRange(1, 3).Draw(t, "spoils") {
			spoil(t, events)
		}
		ops := lines(events)
		v, err := Check(ops, Register, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		pairs, _ := history.Pairs(ops)
		all, _ := names{}.accesses(actions(ops, pairs))
		if want := porcupine.CheckOperations(registerModel(nil), search(all)); (v.Valid == Valid) != want {
			t.Fatalf("the judges say %v (%s), porcupine alone %v", v.Valid, v.Explanation, want)
		}
		verdicts[v.Valid]++
		if v.Valid == Invalid {
			if again, err := Check(v.Witness, Register, 0); err != nil || again.Valid != Invalid {
				t.Fatalf("the witness is %+v, %v\n%s", again, err, v.Witness.Table())
			}
		}
	})
	if verdicts[Valid] == 0 || verdicts[Invalid] == 0 {
		t.Errorf("the test is void: verdicts %v", verdicts)
	}
}
