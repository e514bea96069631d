package torture

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paxos/internal/torture/history"
	"paxos/internal/torture/judge"
	"paxos/internal/torture/report"
)

// storeRun is a short run of a store that this test binary plays.
func storeRun(t *testing.T, kind string, nemeses ...string) Options {
	t.Helper()
	t.Setenv(beStore, kind)
	self, err := os.Executable()
	ok(t, err)
	o := usual()
	o.Workload, o.Program, o.Nemeses, o.loopback = KV, self, nemeses, true
	o.Dir, o.TimeLimit, o.Interval, o.Rate = filepath.Join(t.TempDir(), "run"), time.Second, 200*time.Millisecond, 1000
	return o
}

func TestAProgramThatIsLinearizablePasses(t *testing.T) {
	o := storeRun(t, sound, "pause")
	passesOnce(t, o, func(r Result) bool {
		return r.Harm > 0 && r.Counts.ByF["read"] > 0 && r.Counts.ByF["write"] > 0 && r.Counts.ByF["cas"] > 0
	})
	for _, name := range []string{report.HistoryFile, report.PorcupineFile, "latency.svg", "timeline.html", "logs/node-3.log"} {
		if _, err := os.Stat(filepath.Join(o.Dir, name)); err != nil {
			t.Error(err)
		}
	}
	checkAgain(t, o.Dir, judge.Valid)
}

// checkAgain judges a run's history as it was written.
func checkAgain(t *testing.T, dir string, want judge.Validity) {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, report.HistoryFile))
	ok(t, err)
	defer file.Close()
	ops, err := history.ReadEDN(file)
	ok(t, err)
	v, err := judge.Check(ops, judge.Auto, 0)
	if err != nil || v.Model != judge.Register || v.Valid != want {
		t.Errorf("the history again: %+v, %v; want %v", v, err, want)
	}
}

func TestAProgramInNamespacesIsPartedAndLosesPackets(t *testing.T) {
	o := storeRun(t, sound, "partition-one-way", "partition-isolated-leader", "loss")
	needRoot(t)
	o.loopback = false
	passes(t, o)
}

// fails carries runs through, each longer than the one before, until one finds something.
// On a machine that has much else to do little happens in a second.
func fails(t *testing.T, o *Options) Result {
	t.Helper()
	for dir := o.Dir; ; o.TimeLimit *= 2 {
		o.Dir = filepath.Join(dir, o.TimeLimit.String())
		r, err := Run(t.Context(), *o)
		ok(t, err)
		var text strings.Builder
		ok(t, r.WriteText(&text))
		t.Log(text.String())
		if r.Valid == judge.Invalid {
			return r
		}
		if o.TimeLimit > 30*time.Second {
			t.Fatal("it finds nothing")
		}
	}
}

func TestAProgramThatIsNotLinearizableIsFoundWithAShortWitness(t *testing.T) {
	for _, kind := range []string{forgetting, remembering, carelessSwap} {
		o := storeRun(t, kind, none)
		r := fails(t, &o)
		if n := len(r.Witness); !strings.Contains(r.Explanation, "not linearizable") || !strings.Contains(r.Explanation, "on key ") || n < 2 || n > 10 {
			t.Errorf("%s: a witness of %d lines: %s", kind, n, r.Explanation)
		}
		checkAgain(t, o.Dir, judge.Invalid)
	}
}

func TestAProgramThatKeepsItsValuesInMemoryDoesNotSurviveAKill(t *testing.T) {
	o := storeRun(t, sound, "kill")
	if r := fails(t, &o); !strings.Contains(r.Explanation, "not linearizable") {
		t.Error(r.Explanation)
	}
}

func TestAnAnswerThatTheInterfaceDoesNotHaveEndsTheRun(t *testing.T) {
	o := storeRun(t, babbling, none)
	o.TimeLimit = 10 * time.Second
	if r := fails(t, &o); !strings.Contains(r.Explanation, "status 418") {
		t.Error(r.Explanation)
	}
}

func TestAnswersOfAProgramAreTakenAsTheyAreMeant(t *testing.T) {
	const done, notDone, unknown, forbidden = "done", "not done", "unknown", "forbidden"
	for _, c := range []struct {
		deed   keyDeed
		status int
		body   string
		want   string
		found  int64
	}{
		{readKey, 200, textOf(7), done, 7},
		{readKey, 200, textOf(1_000_000), done, 1_000_000},
		{readKey, 200, textOf(7)[1:], forbidden, 0},
		{readKey, 200, textOf(7)[:1023], forbidden, 0},
		{readKey, 200, textOf(7) + "7", forbidden, 0},
		{readKey, 404, "", done, 0},
		{readKey, 204, "", forbidden, 0},
		{readKey, 412, "", forbidden, 0},
		{readKey, 200, "", forbidden, 0},
		{readKey, 200, "x", forbidden, 0},
		{readKey, 200, "0.......", forbidden, 0},
		{writeKey, 204, "", done, 0},
		{writeKey, 200, "", forbidden, 0},
		{writeKey, 412, "", forbidden, 0},
		{writeKey, 404, "", forbidden, 0},
		{swapKey, 204, "", done, 0},
		{swapKey, 412, "", notDone, 0},
		{deleteKey, 204, "", done, 0},
		{deleteKey, 404, "", forbidden, 0},
		{writeKey, 503, `{"error": "x", "outcome": "not_done"}`, notDone, 0},
		{writeKey, 503, `{"error": "x", "outcome": "unknown"}`, unknown, 0},
		{writeKey, 503, `{"error": "x", "outcome": "done"}`, forbidden, 0},
		{writeKey, 503, `oops`, forbidden, 0},
		{writeKey, 500, "", forbidden, 0},
	} {
		q := keyQuestion{deed: c.deed}
		found, err := q.understand(c.status, c.body)
		got := done
		switch {
		case errors.Is(err, errForbidden):
			got = forbidden
		case errors.Is(err, errNotDone):
			got = notDone
		case err != nil:
			got = unknown
		}
		if got != c.want || found != c.found {
			t.Errorf("deed %d, %d %s: %s (%v), found %d; want %s, %d", c.deed, c.status, c.body, got, err, found, c.want, c.found)
		}
	}
}

func TestAKeyThatWasUsedForAWhileIsReplaced(t *testing.T) {
	var k keys
	r := seeded(1)
	most := make(map[int64]int)
	for range 10_000 {
		one := k.draw(r)
		if most[one.number]++; one.number%3 == 0 {
			k.lost(one)
		}
	}
	for number, times := range most {
		if limit := map[bool]int{true: unknownOfKey, false: operationsOfKey}[number%3 == 0]; times > limit {
			t.Errorf("key %d was used %d times, want %d at most", number, times, limit)
		}
	}
	if used := k.used(); used != int64(len(most)) || used < 50 {
		t.Errorf("%d keys, of which %d were used", used, len(most))
	}
}

func TestAQuestionCompletesItselfFromWhatIsKnown(t *testing.T) {
	w := &keyWorkload{fleet: &programFleet{all: programMembers(1)}, recorder: history.NewRecorder(time.Now()), counters: new(counters)}
	c, k := w.newClient(1, seeded(1)), &key{number: 9}
	ask := func(d keyDeed) *keyQuestion {
		q := &keyQuestion{deed: d}
		c.complete(q, k)
		return q
	}
	if q := ask(swapKey); q.deed != readKey {
		t.Errorf("nothing is known to swap, but %+v", q)
	}
	w.keys.holds(k, 5)
	if q := ask(swapKey); q.deed != swapKey || q.old != 5 || q.value != 1 || q.key != 9 {
		t.Errorf("%+v", q)
	}
	for i := range deletionsOfKey + 1 {
		if q := ask(deleteKey); (q.deed == deleteKey) != (i < deletionsOfKey) {
			t.Errorf("deletion %d: %+v", i, q)
		}
	}
}
