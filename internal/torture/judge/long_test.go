package judge

import (
	"testing"

	"paxos/internal/torture/history"
)

// longHistory is one of eight clients at a time, with two operations for each entry; every
// tenth append stays open. It ends with a read of all.
func longHistory(appends int) []history.Op {
	var events []event
	var list history.List
	for i := range appends {
		v := int64(i) + 1
		list = append(list, v)
		e := event{op: history.Op{F: history.Append, Value: v}, answer: history.Appended{Value: v, Index: int64(i)}, begin: 10 * i, end: 10*i + 80, outcome: history.OK}
		if i%10 == 0 {
			e.outcome = history.Info
		}
		read := event{op: history.Op{F: history.Read}, answer: history.Length{Length: v}, begin: 10*i + 5, end: 10*i + 90, outcome: history.OK}
		events = append(events, e, read)
	}
	events = append(events, event{op: history.Op{F: history.Read}, answer: list, begin: 20 * appends, end: 21 * appends, outcome: history.OK})
	return lines(events)
}

// longRegister is the same with a register.
func longRegister(writes int) []history.Op {
	var events []event
	for i := range writes {
		v := int64(i) + 1
		e := event{op: history.Op{F: history.Write, Value: v}, answer: v, begin: 10 * i, end: 10*i + 80, outcome: history.OK}
		if i%10 == 0 {
			e.outcome = history.Info
		}
		events = append(events, e, event{op: history.Op{F: history.Read}, answer: v, begin: 10*i + 5, end: 10*i + 85, outcome: history.OK})
	}
	return lines(events)
}

func TestOneBadAnswerAmongManyIsFound(t *testing.T) {
	for name, make := range map[string]func(int) []history.Op{"list": longHistory, "register": longRegister} {
		ops := make(1_500)
		v, err := Check(ops, Auto, 0)
		if err != nil || v.Valid != Valid {
			t.Fatalf("%s: %+v, %v", name, v, err)
		}
		pairs, _ := history.Pairs(ops)
		for _, p := range pairs[2_000:] {
			if p.Invoke.F != history.Read {
				continue
			}
			switch now := p.End.Value.(type) { // as it was 20 appends ago
			case history.Length:
				p.End.Value = history.Length{Length: now.Length - 20}
			case int64:
				p.End.Value = now - 20
			}
			break
		}
		v, err = Check(ops, Auto, 0)
		if err != nil || v.Valid != Invalid || len(v.Witness) > 6 {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for name, make := range map[string]func(int) []history.Op{"list": longHistory, "register": longRegister} {
		ops := make(50_000)
		b.Run(name+"-100000", func(b *testing.B) {
			for b.Loop() {
				if v, err := Check(ops, Auto, 0); err != nil || v.Valid != Valid {
					b.Fatal(v, err)
				}
			}
		})
		bad := append([]history.Op(nil), ops...)
		for i := len(bad) / 2; ; i++ {
			if n, ok := bad[i].Value.(history.Length); ok {
				bad[i].Value = history.Length{Length: n.Length - 20}
				break
			}
			if n, ok := bad[i].Value.(int64); ok && bad[i].F == history.Read {
				bad[i].Value = n - 20
				break
			}
		}
		b.Run(name+"-100000-not-linearizable", func(b *testing.B) {
			for b.Loop() {
				if v, err := Check(bad, Auto, 0); err != nil || v.Valid != Invalid || len(v.Witness) > 6 {
					b.Fatal(v, err)
				}
			}
		})
	}
}
