package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"paxos/node"
	"paxos/protocol"
	"paxos/server/servertest"
)

// failing is an engine whose methods fail with err.
func failing(err *error) *servertest.Engine {
	e := servertest.New()
	e.Before = func(context.Context, string) error { return *err }
	return e
}

func TestEveryErrorTellsItsOutcome(t *testing.T) {
	var fault error
	f := newFront(t, failing(&fault), Options{})
	for _, c := range []struct {
		err           error
		status        int
		code, outcome string
		again         bool
	}{
		{node.ErrUnknown, 503, "timeout", "unknown", true},
		{fmt.Errorf("%w: %w", node.ErrUnknown, context.DeadlineExceeded), 503, "timeout", "unknown", true},
		{fmt.Errorf("%w: %w", context.DeadlineExceeded, node.ErrUnknown), 503, "timeout", "unknown", true},
		{fmt.Errorf("%w: %w", node.ErrUnknown, node.ErrStopped), 503, "timeout", "unknown", true},
		{context.DeadlineExceeded, 503, "unavailable", "not_done", true},
		{context.Canceled, 503, "unavailable", "not_done", true},
		{node.ErrStopped, 503, "unavailable", "not_done", true},
		{node.ErrBusy, 429, "busy", "not_done", true},
		{node.ErrFull, 507, "no_space", "not_done", false},
		{node.ErrTooLong, 413, "too_large", "not_done", false},
		{node.ErrOutOfTurn, 409, "out_of_turn", "not_done", false},
		{node.ErrExpired, 410, "session_expired", "unknown", false},
		{node.ErrForgotten, 410, "forgotten", "done", false},
		{errors.New("surprise"), 500, "internal", "unknown", false},
	} {
		fault = fmt.Errorf("around: %w", c.err)
		for path, body := range map[string]string{
			"/v1/list":                 `{"value": 1}`,
			"/v1/sessions":             `{}`,
			"/proposer/client-request": `{"client_id": 1, "command_id": 1, "payload": 1}`,
		} {
			h := f.fails("POST", path, body, c.status, c.code, c.outcome, "around")
			if (h.Get("Retry-After") == "1") != c.again {
				t.Errorf("%v: Retry-After %q", c.err, h.Get("Retry-After"))
			}
		}
	}
}

func TestAReadThatFailsDidNothing(t *testing.T) {
	var fault error
	f := newFront(t, failing(&fault), Options{})
	for _, fault = range []error{node.ErrUnknown, context.DeadlineExceeded, node.ErrStopped} {
		for _, path := range []string{"/v1/list", "/v1/list/0", "/v1/list/length", "/v1/list?at=0"} {
			f.fails("GET", path, "", 503, "unavailable", "not_done", fault.Error())
			if h, want := f.get("/v1/list?consistency=local"), `{"from": 0, "values": [], "next": 0, "length": 0, "applied": 1}`; h != want {
				t.Errorf("local read: %s", h)
			}
		}
	}
	fault = errors.New("surprise")
	f.fails("GET", "/v1/list", "", 500, "internal", "not_done", "surprise")
}

// A change that nobody waited for may come about.
func TestAChangeThatTakesTooLongIsUnknown(t *testing.T) {
	fault := fmt.Errorf("leadership: %w", context.DeadlineExceeded)
	f := newFront(t, failing(&fault), Options{})
	f.fails("POST", "/v1/leader", `{}`, 503, "timeout", "unknown", "leadership")
	fault = node.ErrStopped
	f.fails("POST", "/v1/leader", `{}`, 503, "unavailable", "not_done", "stopped")
	fault = errors.New("it has the only disk")
	f.fails("POST", "/v1/leader", `{}`, 409, "conflict", "not_done", "only disk")
}

// stuck is an engine that answers nothing before its time is over, or release.
func stuck(release chan struct{}, entered chan<- time.Duration) *servertest.Engine {
	e := servertest.New()
	e.Before = func(ctx context.Context, _ string) error {
		deadline, _ := ctx.Deadline()
		entered <- time.Until(deadline)
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", node.ErrUnknown, ctx.Err())
		}
	}
	return e
}

func TestARequestWaitsAsLongAsItSays(t *testing.T) {
	release, entered := make(chan struct{}), make(chan time.Duration, 1)
	f := newFront(t, stuck(release, entered), Options{Limits: Limits{Wait: 90 * time.Second, MaxWait: 200 * time.Second}})
	f.fails("POST", "/v1/list?timeout=1ms", `{"value": 1}`, 503, "timeout", "unknown", "deadline")
	<-entered
	code, _, _ := f.call("GET", "/v1/list", "", "Timeout: 1ms")
	if <-entered; code != 503 {
		t.Errorf("answer %d", code)
	}
	close(release)
	for query, want := range map[string]time.Duration{"": 90 * time.Second, "?timeout=100s": 100 * time.Second, "?timeout=10h": 200 * time.Second} {
		f.post("/v1/list"+query, `{"value": 1}`)
		if got := <-entered; got > want || got < want-60*time.Second {
			t.Errorf("%s: waits %v, want %v", query, got, want)
		}
	}
	for _, text := range []string{"x", "-1s", "0s", "5"} {
		f.fails("POST", "/v1/list?timeout="+text, `{"value": 1}`, 400, "bad_request", "not_done", "timeout is a duration")
	}
}

func TestTooManyAppendsAreTurnedAway(t *testing.T) {
	release, entered := make(chan struct{}), make(chan time.Duration, 3)
	f := newFront(t, stuck(release, entered), Options{Limits: Limits{Appends: 3}})
	answers := make(chan int, 3)
	for range 3 {
		go func() {
			code, _, _ := f.call("POST", "/v1/list", `{"value": 1}`)
			answers <- code
		}()
		<-entered
	}
	for _, path := range []string{"/v1/list", "/v1/sessions"} {
		body := map[string]string{"/v1/list": `{"value": 1}`, "/v1/sessions": `{}`}[path]
		if h := f.fails("POST", path, body, 429, "busy", "not_done", "more than 3"); h.Get("Retry-After") != "1" {
			t.Error("no Retry-After")
		}
	}
	close(release)
	for range 3 {
		if code := <-answers; code != 200 {
			t.Errorf("answer %d", code)
		}
	}
	f.post("/v1/list", `{"value": 1}`)
}

// What the engine may still look at must not be used for another request.
func TestValuesOfAFailedAppendStayAsTheyWere(t *testing.T) {
	e := &keeper{Engine: servertest.New()}
	f := newFront(t, nil, Options{Engine: e})
	for i := range 50 {
		f.fails("POST", "/v1/list", fmt.Sprintf(`{"value": %d}`, 100+i), 503, "timeout", "unknown", "")
	}
	for i, p := range e.kept {
		if want := fmt.Sprint(100 + i); string(p[0]) != want {
			t.Errorf("value %s became %s", want, p[0])
		}
	}
}

type keeper struct {
	*servertest.Engine
	kept [][][]byte
}

func (e *keeper) Append(_ context.Context, payloads [][]byte) ([]node.Placed, error) {
	e.kept = append(e.kept, payloads)
	return nil, node.ErrUnknown
}

// membership is an engine whose members can be changed.
type membership struct {
	*servertest.Engine
	asked string
	err   error
}

func (m *membership) AddMember(_ context.Context, address string) error {
	m.asked = "add " + address
	return m.err
}

func (m *membership) RemoveMember(_ context.Context, id protocol.NodeID) error {
	m.asked = fmt.Sprint("remove ", id)
	return m.err
}

func (m *membership) ReplaceMember(_ context.Context, id protocol.NodeID, address string) error {
	m.asked = fmt.Sprint("replace ", id, " by ", address)
	return m.err
}

func (m *membership) Status() node.Status {
	st := m.Engine.Status()
	st.Changing = true
	return st
}

func TestMembersCanBeChangedWhereTheEngineCan(t *testing.T) {
	m := &membership{Engine: servertest.New()}
	f := newFront(t, nil, Options{Engine: m})
	want := `{"members":[{"id":1,"address":"127.0.0.1:5000","voter":true}],"changing":true,` +
		`"first":[{"id":1,"address":"127.0.0.1:5000","voter":true}],"cluster":"0000000000000007"}`
	f.equal(f.get("/v1/members"), want)
	for body, asked := range map[string]string{
		`{"add": "h:5000"}`:                 "add h:5000",
		`{"add": "[::1]:5000"}`:             "add [::1]:5000",
		`{"remove": 3}`:                     "remove 3",
		`{"replace": 2, "add": "h\u003a1"}`: "replace 2 by h:1",
	} {
		f.equal(f.post("/v1/members", body), want)
		f.equal(m.asked, asked)
	}
	m.asked = ""
	for body, message := range map[string]string{
		`{}`:                              "is expected",
		`{"replace": 1}`:                  "is expected",
		`{"add": "h:1", "remove": 1}`:     "is expected",
		`{"remove": 1, "replace": 1}`:     "is expected",
		`{"remove": 0}`:                   "from 1 to 4294967295",
		`{"remove": 4294967296}`:          "from 1 to 4294967295",
		`{"remove": "1"}`:                 "an integer is expected",
		`{"add": 5}`:                      "a string is expected",
		`{"add": "h"}`:                    "host:port",
		`{"add": ":1"}`:                   "host:port",
		`{"add": "h:0"}`:                  "host:port",
		`{"add": "h:http"}`:               "host:port",
		`{"add": "h:1", "add": "h:1"}`:    "twice",
		`{"add": "h:1", "Remove": "h:1"}`: "unknown field",
	} {
		f.fails("POST", "/v1/members", body, 400, "bad_request", "not_done", message)
	}
	f.equal(m.asked, "")
	m.err = errors.New("another change is under way")
	f.fails("POST", "/v1/members", `{"remove": 1}`, 409, "conflict", "not_done", "another change")
	m.err = node.ErrUnknown
	f.fails("POST", "/v1/members", `{"remove": 1}`, 503, "timeout", "unknown", "")
	plain := newFront(t, servertest.New(), Options{})
	plain.equal(plain.get("/v1/members"), strings.Replace(want, `"changing":true`, `"changing":false`, 1))
	m.Before = func(_ context.Context, method string) error { return node.ErrRemoved }
	f.fails("GET", "/v1/members?timeout=1s", "", 503, "unavailable", "not_done", "removed") // it knows old members only
}
