package linearizable

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"
)

// Operations of hand-made histories, from one time to another.

func appended(call, ret, value, index int64) Op {
	return Op{Kind: Append, Call: call, Return: ret, Value: value, Length: index + 1}
}

func wholeAfter(call, ret int64, list ...int64) Op {
	return Op{Kind: AppendWhole, Call: call, Return: ret, Value: list[len(list)-1], Length: int64(len(list)), Hash: prefixOf(list).hash}
}

func unknown(call, value int64) Op {
	return Op{Kind: AppendWhole, Call: call, Return: Forever, Value: value}
}

func sawAll(call, ret int64, list ...int64) Op {
	return Op{Kind: ReadWhole, Call: call, Return: ret, Length: int64(len(list)), Hash: prefixOf(list).hash}
}

func sawLength(call, ret, length int64) Op {
	return Op{Kind: ReadLength, Call: call, Return: ret, Length: length}
}

func sawEntry(call, ret, index, value, length int64) Op {
	return Op{Kind: ReadEntry, Call: call, Return: ret, Index: index, Value: value, Found: true, Length: length}
}

func sawNone(call, ret, index, length int64) Op {
	return Op{Kind: ReadEntry, Call: call, Return: ret, Index: index, Length: length}
}

func list(values ...int64) []int64 { return values }

func TestHistoriesMadeByHand(t *testing.T) {
	for _, c := range []struct {
		name  string
		ops   []Op
		final []int64
		ok    bool
	}{
		{"nothing", nil, nil, true},
		{"one after another", []Op{appended(1, 2, 7, 0), sawAll(3, 4, 7), wholeAfter(5, 6, 7, 8), sawEntry(7, 8, 1, 8, 2)}, list(7, 8), true},
		{"at the same time, in any order", []Op{appended(1, 9, 7, 1), appended(1, 9, 8, 0), sawLength(1, 9, 0), sawAll(1, 9, 8)}, list(8, 7), true},
		{"a touch counts as at the same time", []Op{appended(1, 2, 7, 0), sawLength(2, 3, 0)}, list(7), true},

		{"a stale length", []Op{appended(1, 2, 7, 0), sawLength(3, 4, 0)}, list(7), false},
		{"a stale list", []Op{appended(1, 2, 7, 0), appended(3, 4, 8, 1), sawAll(5, 6, 7)}, list(7, 8), false},
		{"a stale miss", []Op{appended(1, 2, 7, 0), sawNone(3, 4, 0, 0)}, list(7), false},
		{"a miss of what is there", []Op{appended(1, 2, 7, 0), sawNone(3, 4, 0, 1)}, list(7), false},
		{"a read after a fresher one", []Op{appended(1, 9, 7, 0), sawLength(2, 3, 1), sawLength(4, 5, 0)}, list(7), false},
		{"a read before the append", []Op{sawLength(1, 2, 1), appended(3, 4, 7, 0)}, list(7), false},
		{"another entry", []Op{appended(1, 2, 7, 0), sawEntry(3, 4, 0, 8, 1)}, list(7), false},
		{"another list", []Op{appended(1, 2, 7, 0), appended(1, 2, 8, 1), sawAll(3, 4, 8, 7)}, list(7, 8), false},

		{"a lost append", []Op{appended(1, 2, 7, 0)}, nil, false},
		{"a lost append that another one replaced", []Op{appended(1, 2, 7, 0), appended(3, 4, 8, 0)}, list(8), false},
		{"a lost append that was read", []Op{unknown(1, 7), sawAll(2, 3, 7)}, nil, false},
		{"an append twice", []Op{appended(1, 2, 7, 0)}, list(7, 7), false},
		{"an unknown append twice", []Op{unknown(1, 7), appended(1, 2, 8, 1)}, list(7, 8, 7), false},
		{"two at one place", []Op{appended(1, 2, 7, 0), appended(1, 2, 8, 0)}, list(7, 8), false},
		{"reordered", []Op{appended(1, 2, 7, 1), appended(3, 4, 8, 0)}, list(8, 7), false},
		{"moved later", []Op{wholeAfter(1, 2, 7), wholeAfter(3, 4, 8, 7), appended(3, 4, 8, 1)}, list(8, 7), false},
		{"another place than told", []Op{appended(1, 2, 7, 0), appended(1, 2, 8, 1)}, list(8, 7), false},
		{"out of the blue", []Op{appended(1, 2, 7, 0)}, list(7, 8), false},
		{"a hole", []Op{appended(1, 2, 7, 1)}, list(7), false},

		{"unknown and never done", []Op{unknown(1, 7), sawLength(9, 9, 0)}, nil, true},
		{"unknown and done late", []Op{unknown(1, 7), appended(2, 3, 8, 0), sawLength(4, 5, 1), sawAll(6, 7, 8, 7)}, list(8, 7), true},
		{"unknown, done, and undone", []Op{unknown(1, 7), sawLength(2, 3, 1), sawLength(4, 5, 0)}, list(7), false},
		{"unknown and done before it was asked for", []Op{sawLength(1, 2, 1), unknown(3, 7)}, list(7), false},
		{"unknown and done after what came later", []Op{unknown(1, 7), appended(2, 3, 8, 1), sawLength(4, 5, 1)}, list(7, 8), false},
	} {
		for _, length := range []int64{1, 2, windowLength} {
			err := check(c.ops, c.final, 0, length)
			if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrNotLinearizable) {
				t.Errorf("%s, windows of %d: %v", c.name, length, err)
			}
		}
	}
}

func TestTheCulpritsAreNamed(t *testing.T) {
	err := Check([]Op{appended(1, 9e6, 7, 0), sawLength(1e6, 1e6, 1), sawLength(2e6, 3e6, 0)}, list(7), 0)
	if err == nil || !strings.Contains(err.Error(), "1.000 ms: read length, length 1\n") || !strings.Contains(err.Error(), "3.000 ms: read length, length 0") {
		t.Error(err)
	}
}

// TestWindowsUnknownsAndTheSecondJudgeChangeNothing compares the check with
// porcupine alone, which gets the whole history as it is, open appends included. That
// the two judges inside of the check agree is asserted there.
func TestWindowsUnknownsAndTheSecondJudgeChangeNothing(t *testing.T) {
	verdicts := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		ops, final := drawHistory(t)
		spoil(t, ops, final)
		want := porcupineAlone(ops, final)
		err := check(ops, final, 0, rapid.Int64Range(1, 4).Draw(t, "window"))
		if (err == nil) != want {
			t.Fatalf("the check says %v, porcupine alone %v; final list %v", err, want, final)
		}
		verdicts[want]++
	})
	if verdicts[true] < 10 || verdicts[false] < 10 {
		t.Errorf("the test is void: verdicts %v", verdicts)
	}
}

// drawHistory makes a linearizable history: effects one after another, and
// operations around them.
func drawHistory(t *rapid.T) (ops []Op, final []int64) {
	around := rapid.Int64Range(0, 45)
	for i := range rapid.Int64Range(1, 9).Draw(t, "operations") {
		o := Op{Client: int(i), Call: 10*i - around.Draw(t, "before"), Return: 10*i + around.Draw(t, "after")}
		o.Kind = Kind(rapid.IntRange(0, 4).Draw(t, "kind"))
		open := o.Kind.appends() && rapid.IntRange(0, 2).Draw(t, "open") == 0
		if o.Kind.appends() {
			o.Value = 100 + i
			if open && rapid.Bool().Draw(t, "never") {
				o.Return = Forever
				ops = append(ops, o)
				continue
			}
			final = append(final, o.Value)
		}
		o.Length, o.Hash = int64(len(final)), prefixOf(final).hash
		if o.Kind == ReadEntry {
			o.Index = rapid.Int64Range(0, 3).Draw(t, "index")
			if o.Found = o.Index < o.Length; o.Found {
				o.Value = final[o.Index]
			}
		}
		if open {
			o.Return, o.Length, o.Hash = Forever, 0, 0
		}
		ops = append(ops, o)
	}
	return ops, final
}

// spoil changes something, maybe so that nobody can tell.
func spoil(t *rapid.T, ops []Op, final []int64) {
	o := &ops[rapid.IntRange(0, len(ops)-1).Draw(t, "spoiled")]
	lowest := int64(0)
	if o.Kind.appends() {
		lowest = 1
	}
	switch rapid.IntRange(0, 6).Draw(t, "how") {
	case 0:
		if !o.open() {
			o.Length = max(lowest, o.Length-1)
		}
	case 1:
		if !o.open() {
			o.Length++
		}
	case 2:
		if o.Value = 200; o.Kind == ReadEntry {
			o.Value = rapid.Int64Range(100, 108).Draw(t, "value")
		}
	case 3:
		o.Call -= 30
		if o.Return != Forever {
			o.Return = max(o.Call, o.Return-30)
		}
	case 4:
		if len(final) > 1 {
			final[0], final[len(final)-1] = final[len(final)-1], final[0]
		}
	case 5:
		o.Hash++
	}
}

func porcupineAlone(ops []Op, final []int64) bool {
	var all []*Op
	for i := range ops {
		all = append(all, &ops[i])
	}
	end := sawAll(Forever, Forever, final...)
	return porcupine.CheckOperations(model(empty()), operations(append(all, &end)))
}

func TestAnUndecidedCheckIsAFailure(t *testing.T) {
	ops, final := longHistory(20_000)
	if err := Check(ops, final, time.Nanosecond); !errors.Is(err, ErrUndecided) {
		t.Error(err)
	}
}

// longHistory is one of eight clients; every tenth append stays open.
func longHistory(appends int64) (ops []Op, final []int64) {
	p := empty()
	for i := range appends {
		p = p.Append(i)
		final = append(final, i)
		o := appended(10*i, 10*i+80, i, i)
		if i%10 == 0 {
			o = unknown(10*i, i)
		}
		ops = append(ops, o, Op{Kind: ReadWhole, Call: 10*i + 5, Return: 10*i + 90, Length: i + 1, Hash: p.hash},
			Op{Kind: ReadEntry, Call: 10 * i, Return: 10*i + 7, Length: i + 1, Index: i / 2, Found: true, Value: i / 2})
	}
	return ops, final
}

func TestOneBadAnswerAmongManyIsFound(t *testing.T) {
	ops, final := longHistory(20_000)
	if err := Check(ops, final, time.Minute); err != nil {
		t.Fatal(err)
	}
	ops[40_001].Call += 100 // a list of 13,334, read when one of 13,340 had been seen
	ops[40_001].Return += 100
	if err := Check(ops, final, time.Minute); !errors.Is(err, ErrNotLinearizable) {
		t.Error(err)
	}
}

func TestAPrefixFindsItsEntries(t *testing.T) {
	p := empty()
	for i := range int64(300) {
		p = p.Append(7 * i)
		for j := range i + 1 {
			if got := p.At(j); got != 7*j {
				t.Fatalf("entry %d of %d is %d", j, i+1, got)
			}
		}
	}
	sum := NewSum()
	for i := range int64(300) {
		sum.Add(7 * i)
	}
	if sum.Length != p.length || sum.Hash != p.hash || p.First(0).hash != NewSum().Hash {
		t.Error("a sum differs from the prefix with its values")
	}
}

// nth are values that a history has given out, or would.
func nth(numbers ...int64) (values []int64) {
	for _, n := range numbers {
		values = append(values, firstValue+n-1)
	}
	return values
}

func TestTheAuditSaysInPlainWordsWhatIsWrong(t *testing.T) {
	h := NewHistory()
	c := h.NewClient()
	done := func(length int64) {
		o := c.Append(Append, 1)
		o.Length = length
		c.Done(o)
	}
	done(1)                             // the first value
	done(2)                             // the second
	done(3)                             // the third
	c.Unknown(c.Append(AppendWhole, 2)) // the fourth
	c.Refused(c.Append(Append, 3))      // the fifth
	c.Refused(c.Read(ReadLength, 3))
	if c.ID() != 2 {
		t.Errorf("the client goes on as %d", c.ID())
	}
	if err := errors.Join(Audit(h, nth(1, 2, 3)), Audit(h, nth(1, 2, 3, 4))); err != nil {
		t.Error(err)
	}
	if got := h.Count(); got != (Counts{Appends: 3, Open: 1, Refused: 1}) {
		t.Errorf("counts %v", got)
	}
	for _, c := range []struct {
		final []int64
		want  string
	}{
		{nth(1, 2), "lost"},
		{nth(2, 1, 3), "not where it was said"},
		{nth(1, 2, 3, 3), "is in the list 2 times"},
		{nth(1, 2, 3, 4, 4), "is in the list 2 times"},
		{nth(1, 2, 3, 5), "was refused"},
		{nth(1, 2, 3, 9), "nobody has appended"},
	} {
		if err := Audit(h, c.final); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.final, err, c.want)
		}
	}
}
