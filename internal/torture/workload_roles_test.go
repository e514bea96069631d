package torture

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/internal/torture/history"
)

func TestOnlyWholeLinesOfALearnerCount(t *testing.T) {
	for text, want := range map[string][]int64{"": nil, "12": nil, "1\n2\n": {1, 2}, "1\n2\n3": {1, 2}} {
		if got, err := parseLines([]byte(text)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	if _, err := parseLines([]byte("1\nx\n")); err == nil || !strings.Contains(err.Error(), "no client submitted") {
		t.Error(err)
	}
}

// printed makes a fleet whose learners have printed something, in several lives.
func printed(t *testing.T, lives ...[]string) *roleWorkload {
	t.Helper()
	o := usual()
	f, err := newRoleFleet(t.TempDir(), &o, nil)
	ok(t, err)
	t.Cleanup(f.close)
	for n, i := range f.learners() {
		f.starts[i] = len(lives[n])
		for life, file := range f.outputs(i) {
			ok(t, os.WriteFile(file, []byte(lives[n][life]), 0o644))
		}
	}
	return &roleWorkload{fleet: f, recorder: history.NewRecorder(time.Now()), counters: new(counters)}
}

func TestLearnersAreInStepOnceAllThatWasAcknowledgedIsPrintedByAll(t *testing.T) {
	for _, c := range []struct {
		one, other string
		want       bool
	}{
		{"1\n2\n", "1\n2\n", true},
		{"1\n2\n3\n", "1\n2\n3\n", true},
		{"1\n3\n4\n", "1\n3\n4\n", false}, // as many as were acknowledged, but not all of these
		{"1\n", "1\n", false},
		{"1\n2\n", "1\n2\n3\n", false},
		{"1\n2\n", "2\n1\n", false},
	} {
		w := printed(t, []string{c.one}, []string{c.other})
		w.acknowledged(1)
		w.acknowledged(2)
		if err := w.inStep(); (err == nil) != c.want {
			t.Errorf("%q and %q: %v", c.one, c.other, err)
		}
	}
}

func TestALearnerThatCameBackPrintsTheSameAgain(t *testing.T) {
	for earlier, want := range map[string]bool{"": true, "1\n": true, "1\n2": true, "1\n2\n9": true, "2\n": false, "1\n2\n3\n4\n": false} {
		w := printed(t, []string{"1\n2\n3\n"}, []string{"1\n", earlier, "1\n2\n3\n"})
		if err := w.final(t.Context()); (err == nil) != want {
			t.Errorf("earlier %q: %v", earlier, err)
		}
		ops := w.recorder.Ops()
		if len(ops) < 2 || ops[1].Type != history.OK || ops[1].Node != "learner-1" || !slices.Equal(ops[1].Value.(history.List), history.List{1, 2, 3}) {
			t.Errorf("the history has %+v", ops)
		}
	}
}

func TestAStartKeepsWhatALearnerPrintedBefore(t *testing.T) {
	o := usual()
	o.Binary = "/bin/true"
	f, err := newRoleFleet(t.TempDir(), &o, nil)
	ok(t, err)
	t.Cleanup(f.close)
	learner := f.learners()[0]
	for _, text := range []string{"first", "second", "third"} {
		ok(t, f.start(learner))
		<-f.process(learner).Done()
		ok(t, os.WriteFile(f.output(learner), []byte(text), 0o644))
	}
	var kept []string
	for _, file := range f.outputs(learner) {
		text, err := os.ReadFile(file)
		ok(t, err)
		kept = append(kept, string(text))
	}
	if !slices.Equal(kept, []string{"first", "second", "third"}) || filepath.Base(f.outputs(learner)[2]) != "learner-1.out" {
		t.Errorf("%v in %v", kept, f.outputs(learner))
	}
}
