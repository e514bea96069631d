package torture

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"paxos/internal/servers"
	"paxos/internal/torture/history"
)

// answering is a workload whose one server always gives the same answer.
func answering(t *testing.T, status int, length, body string) *serverWorkload {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if length != "" {
			w.Header().Set("Paxos-Length", length)
		}
		if status == 0 { // hang up in the middle
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, body)
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	ok(t, err)
	return workloadAt(t, u.Host)
}

// workloadAt is a workload of one server at an address.
func workloadAt(t *testing.T, address string) *serverWorkload {
	t.Helper()
	dir := t.TempDir()
	writeServers(t, dir, address)
	c, err := servers.New(servers.Options{Dir: dir, Count: 1})
	ok(t, err)
	t.Cleanup(c.Close)
	return &serverWorkload{
		cluster: &serverFleet{Cluster: c, all: serverMembers(1)}, recorder: history.NewRecorder(time.Now()),
		counters: new(counters), limit: time.Second,
	}
}

func TestAnswersAreTakenAsTheyAreMeant(t *testing.T) {
	for _, c := range []struct {
		name   string
		deed   deed
		status int
		length string
		body   string
		want   any
	}{
		{"an index", appendOne, 200, "", `{"index": 6, "instance": 2}`, history.Appended{Value: 7, Index: 6}},
		{"the whole list", appendOld, 200, "", `{"state": [5, 7]}`, history.Appended{Value: 7, Index: history.Unknown, State: []int64{5, 7}}},
		{"a length", readLength, 200, "3", `{}`, history.Length{Length: 3}},
		{"an entry", readEntry, 200, "3", `{"index": 2, "value": 9}`, history.Entry{Index: 2, Found: true, Value: 9, Length: 3}},
		{"no entry", readEntry, 404, "2", `{"error": {}}`, history.Entry{Index: 2, Length: 2}},
		{"a list", readWhole, 200, "2", "5\n7\n", history.List{5, 7}},
		{"an empty list", readWhole, 200, "0", "", history.List(nil)},
		{"a register", readLast, 200, "4", "5\n7\n", int64(7)},
		{"an empty register", readLast, 200, "0", "", nil},
	} {
		w := answering(t, c.status, c.length, c.body)
		got, err := w.ask(t.Context(), &question{deed: c.deed, server: 1, value: 7, index: 2})
		if err != nil || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", c.want) {
			t.Errorf("%s: %#v, %v; want %#v", c.name, got, err, c.want)
		}
	}
}

func TestALongListStandsInTheHistoryByItsHash(t *testing.T) {
	long := strings.Repeat("5\n", mostWritten+1)
	w := answering(t, 200, fmt.Sprint(mostWritten+1), long)
	got, err := w.ask(t.Context(), &question{deed: readWhole, server: 1})
	if l, is := got.(history.Length); err != nil || !is || l.Length != mostWritten+1 || l.Hash == 0 {
		t.Errorf("%#v, %v", got, err)
	}
	if w.longest.Load() != mostWritten+1 || w.moved.Load() != mostWritten+1 {
		t.Errorf("longest %d, moved %d", w.longest.Load(), w.moved.Load())
	}
}

func TestErrorsSayWhatBecameOfTheRequest(t *testing.T) {
	const notDone, unknown, forbidden = "not done", "unknown", "forbidden"
	for _, c := range []struct {
		name   string
		deed   deed
		status int
		length string
		body   string
		want   string
	}{
		{"not done", appendOne, 507, "", `{"error": {"code": "no_space", "outcome": "not_done"}}`, notDone},
		{"unknown", appendOne, 503, "", `{"error": {"code": "timeout", "outcome": "unknown"}}`, unknown},
		{"done, of a new append", appendOne, 410, "", `{"error": {"code": "forgotten", "outcome": "done"}}`, forbidden},
		{"no JSON", appendOne, 502, "", `<html>`, unknown},
		{"no index", appendOne, 200, "", `{}`, forbidden},
		{"an answer that breaks off", appendOne, 0, "", `{"index": 6`, unknown},
		{"a list that breaks off", readWhole, 0, "3", "1\n2\n", unknown},
		{"a read without a length", readLength, 200, "", `{}`, forbidden},
		{"a list that is too short", readWhole, 200, "3", "1\n2\n", forbidden},
		{"an entry without a value", readEntry, 200, "3", `{}`, forbidden},
		{"a register that lost its value", readLast, 200, "2", "", forbidden},
	} {
		w := answering(t, c.status, c.length, c.body)
		_, err := w.ask(t.Context(), &question{deed: c.deed, server: 1, value: 7, index: 2})
		got := unknown
		switch {
		case err == nil:
			got = "no error"
		case errors.Is(err, errForbidden):
			got = forbidden
		case errors.Is(err, errNotDone):
			got = notDone
		}
		if got != c.want {
			t.Errorf("%s: %s (%v), want %s", c.name, got, err, c.want)
		}
	}
}

func TestWhatNobodyHeardWasNotDone(t *testing.T) {
	addresses, err := servers.FreeAddresses(1)
	ok(t, err)
	w := workloadAt(t, addresses[0])
	if _, err := w.ask(t.Context(), &question{deed: appendOne, server: 1, value: 7}); !errors.Is(err, errNotDone) {
		t.Error(err)
	}
}

func TestWhatAServerHeardAndDidNotAnswerIsUnknown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1000))
			_ = conn.(*net.TCPConn).SetLinger(0) // the end is a reset
			conn.Close()
		}
	}()
	w := workloadAt(t, l.Addr().String())
	if _, err := w.ask(t.Context(), &question{deed: appendOne, server: 1, value: 7}); err == nil || errors.Is(err, errNotDone) {
		t.Error(err)
	}
}

func TestOperationsEndInTheHistoryAsTheyDid(t *testing.T) {
	for _, c := range []struct {
		name   string
		deed   deed
		status int
		body   string
		want   history.Type
		end    bool // of the run
	}{
		{"an append that was done", appendOne, 200, `{"index": 0}`, history.OK, false},
		{"one that was refused", appendOne, 429, `{"error": {"outcome": "not_done"}}`, history.Fail, false},
		{"one of which nobody knows", appendOne, 503, `{"error": {"outcome": "unknown"}}`, history.Info, false},
		{"a read that failed has done nothing", readLength, 503, `{"error": {"outcome": "unknown"}}`, history.Fail, false},
		{"an answer that nobody may give", appendOne, 200, `{}`, history.Info, true},
	} {
		w := answering(t, c.status, "1", c.body)
		one := w.newClient(1, seeded(1))
		first := one.process
		done, err := one.do(t.Context(), 1, c.deed, 10*time.Second)
		ops := w.recorder.Ops()
		if len(ops) != 2 || ops[1].Type != c.want || done != (c.want == history.OK) || (err != nil) != c.end {
			t.Errorf("%s: %v, %v, %+v", c.name, done, err, ops)
		}
		if retired := one.process != first; retired != (c.want == history.Info) {
			t.Errorf("%s: the process was retired: %v", c.name, retired)
		}
	}
}

func TestWholeListsAreAskedForAsFarAsTheBudgetGoes(t *testing.T) {
	w := workloadAt(t, "127.0.0.1:1")
	w.limit = time.Nanosecond // all of the time is over
	w.longest.Store(wholeBudget)
	if got := w.affordable(readWhole); got != readWhole {
		t.Errorf("deed %d", got)
	}
	w.moved.Store(1)
	for d, want := range map[deed]deed{appendOld: appendOne, readWhole: readLength, readEntry: readEntry} {
		if got := w.affordable(d); got != want {
			t.Errorf("deed %d becomes %d, want %d", d, got, want)
		}
	}
	w.limit = time.Hour
	w.longest.Store(wholeBudget / 2)
	if got := w.affordable(readWhole); got != readLength {
		t.Errorf("at the beginning of an hour: deed %d", got)
	}
}

func TestAllDeedsOfAMixAreDrawn(t *testing.T) {
	for _, register := range []bool{false, true} {
		w := workloadAt(t, "127.0.0.1:1")
		w.register, w.limit = register, time.Nanosecond
		mix, drawn, r := appendMix, make(map[deed]int), seeded(1)
		if register {
			mix = registerMix
		}
		for range 2000 {
			drawn[w.draw(r)]++
		}
		if len(drawn) != len(mix) {
			t.Errorf("register %v: drawn %v, want %v", register, drawn, mix)
		}
	}
}
