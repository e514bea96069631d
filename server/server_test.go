package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"paxos/server/servertest"
)

// patience bounds waits that end much sooner.
const patience = 2 * time.Minute

// front is a Server on 127.0.0.1, with its engine.
type front struct {
	t      testing.TB
	engine *servertest.Engine
	server *Server
	addr   string
	stop   func() error // ends it, and tells what Serve returned
	client http.Client
}

func newFront(t testing.TB, engine *servertest.Engine, o Options) *front {
	t.Helper()
	if o.Engine == nil {
		o.Engine = engine
	}
	inNoHurry(&o.Limits)
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{t: t, engine: engine, server: New(o), addr: ln.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.server.Serve(ctx, ln); close(ended) }()
	f.stop = func() error { cancel(); return <-ended }
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	f.client = http.Client{Transport: transport, Timeout: patience}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := f.stop(); err != nil {
			t.Errorf("Serve ended with %v", err)
		}
	})
	return f
}

// inNoHurry makes the times that a test does not name so long that a busy machine does not reach them.
func inNoHurry(l *Limits) {
	for _, d := range []*time.Duration{&l.HeaderTime, &l.BodyTime, &l.IdleTime, &l.WriteTime, &l.Wait} {
		if *d == 0 {
			*d = patience
		}
	}
}

// call makes a request and returns status, headers and body.
func (f *front) call(method, path, body string, headers ...string) (int, http.Header, string) {
	f.t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, "http://"+f.addr+path, in)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, h := range headers {
		name, text, _ := strings.Cut(h, ": ")
		r.Header.Set(name, text)
	}
	resp, err := f.client.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, strings.TrimSuffix(string(text), "\n")
}

func (f *front) get(path string) string {
	f.t.Helper()
	code, _, body := f.call("GET", path, "")
	if code != 200 {
		f.t.Fatalf("GET %s: %d %s", path, code, body)
	}
	return body
}

func (f *front) post(path, body string) string {
	f.t.Helper()
	code, _, answer := f.call("POST", path, body)
	if code != 200 {
		f.t.Fatalf("POST %s: %d %s", path, code, answer)
	}
	return answer
}

// fails expects an error, with its status, code, outcome and a part of its message.
func (f *front) fails(method, path, body string, status int, code, outcome, message string) http.Header {
	f.t.Helper()
	got, header, answer := f.call(method, path, body)
	f.t.Helper()
	checkFailure(f.t, fmt.Sprintf("%s %s %.100s", method, path, body), got, header, answer, status, code, outcome, message)
	return header
}

func checkFailure(t testing.TB, what string, got int, header http.Header, answer string, status int, code, outcome, message string) {
	t.Helper()
	var f struct {
		Error struct{ Code, Message, Outcome string }
	}
	if err := json.Unmarshal([]byte(answer), &f); err != nil || header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d, %s %q is no JSON: %v", what, got, header.Get("Content-Type"), answer, err)
		return
	}
	if got != status || f.Error.Code != code || f.Error.Outcome != outcome || !strings.Contains(f.Error.Message, message) {
		t.Errorf("%s: %d %s\nwant %d %s, %s, %q", what, got, answer, status, code, outcome, message)
	}
}

func (f *front) equal(got, want string) {
	f.t.Helper()
	if got != want {
		f.t.Errorf("got  %s\nwant %s", got, want)
	}
}

// fill appends the integers from 0 below n, and moves full chunks out of memory.
func fill(t testing.TB, e *servertest.Engine, n int) {
	t.Helper()
	for i := 0; i < n; {
		var batch [][]byte
		for ; i < n && len(batch) < 1000; i++ {
			batch = append(batch, fmt.Appendf(nil, "%d", i))
		}
		if _, err := e.Append(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
	}
	e.Checkpoint()
}

func TestAppendTellsIndexAndInstance(t *testing.T) {
	f := newFront(t, servertest.New(), Options{})
	f.equal(f.post("/v1/list", `{"value": 7}`), `{"index": 0, "instance": 2}`)
	f.equal(f.post("/v1/list", `{"value": "x\u0061"}`), `{"index": 1, "instance": 3}`)
	f.equal(f.post("/v1/list", ` { "values" : [ 1 , -0, "é" ] } `), `{"indexes": [2,3,4], "instance": 4}`)
	f.equal(f.post("/v1/list", `{"values": [5]}`), `{"indexes": [5], "instance": 5}`)
	f.equal(f.get("/v1/list"), `{"from": 0, "values": [7,"xa",1,0,"é",5], "next": 6, "length": 6, "applied": 5}`)
}

func TestASessionAppendsOnceAndInOrder(t *testing.T) {
	f := newFront(t, servertest.New(), Options{})
	nonce := `{"nonce": "000102030405060708090A0b0c0d0e0f"}`
	f.equal(f.post("/v1/sessions", nonce), `{"client": 2, "window": 1024}`)
	f.equal(f.post("/v1/sessions", `{}`), `{"client": 3, "window": 1024}`)
	f.equal(f.post("/v1/sessions", nonce), `{"client": 2, "window": 1024}`)
	f.equal(f.post("/v1/list", `{"client": 2, "seq": 1, "value": 1}`), `{"index": 0, "instance": 5}`)
	f.equal(f.post("/v1/list", `{"client": 3, "seq": 1, "value": 100}`), `{"index": 1, "instance": 6}`)
	f.equal(f.post("/v1/list", `{"client": 2, "seq": 2, "values": [2, 3]}`), `{"indexes": [2,3], "instance": 7}`)
	f.equal(f.post("/v1/list", `{"client": 2, "seq": 1, "value": 1}`), `{"index": 0, "instance": 0}`)
	f.equal(f.post("/v1/list", `{"client": 2, "seq": 2, "values": [2, 3, 4]}`), `{"indexes": [2,3,4], "instance": 9}`)
	f.fails("POST", "/v1/list", `{"client": 2, "seq": 6, "value": 1}`, 409, "out_of_turn", "not_done", "seq 6 after 4")
	f.fails("POST", "/v1/list", `{"client": 99, "seq": 1, "value": 1}`, 410, "session_expired", "unknown", "session 99")
	values := strings.TrimSuffix(strings.Repeat("0,", 1000), ",")
	for _, seq := range []int{2, 1002} {
		f.post("/v1/list", fmt.Sprintf(`{"client": 3, "seq": %d, "values": [%s]}`, seq, values))
	}
	f.fails("POST", "/v1/list", `{"client": 3, "seq": 1, "value": 1}`, 410, "forgotten", "done", "seq 1")
	f.equal(f.get("/v1/list?limit=5"), `{"from": 0, "values": [1,100,2,3,4], "next": 5, "length": 2005, "applied": 12}`)
}

func TestTheOldClientGetsTheListUpToItsValue(t *testing.T) {
	f := newFront(t, servertest.New(), Options{})
	for i, want := range []string{`{"state": [1]}`, `{"state": [1, 1]}`, `{"state": [1, 1, 123456789012345678901234567890]}`, `{"state": [1, 1, 123456789012345678901234567890, 0]}`} {
		payload := []string{"1", "1", "123456789012345678901234567890", "-0"}[i]
		f.equal(f.post("/proposer/client-request", `{"client_id": 12345, "command_id": 1, "payload": `+payload+`}`), want)
	}
	id := f.get("/server_id")
	if len(id) != 34 || id != f.get("/server_id") || id == newFront(t, servertest.New(), Options{}).get("/server_id") {
		t.Errorf("server id %s", id)
	}
	for body, message := range map[string]string{
		`{"client_id": 1, "command_id": 1}`: "are expected",
		`{"client_id": 1, "payload": 1}`:    "are expected",
		`{}`:                                "are expected",
		`{"client_id": 1, "command_id": 1, "payload": 1, "x": 1}`:       `unknown field "x" at byte 48`,
		`{"client_id": 1, "command_id": 1, "payload": "1"}`:             "an integer is expected at byte 45",
		`{"client_id": 1, "command_id": 1, "payload": 1.0}`:             "no fraction",
		`{"client_id": 1, "command_id": 1, "payload": 1e3}`:             "no fraction",
		`{"client_id": 1, "command_id": 1, "payload": true}`:            "an integer is expected",
		`{"client_id": 1, "command_id": 1, "payload": null}`:            "an integer is expected",
		`{"client_id": "1", "command_id": 1, "payload": 1}`:             "an integer is expected",
		`{"client_id": 1, "command_id": 1, "payload": 1, "payload": 1}`: "stands twice",
		`{"client_id": 1, "command_id": 1, "payload": 1} {}`:            "something follows",
		`[1]`: "a JSON object is expected at byte 0",
		`{`:   "a field's name is expected at byte 1",
		`x`:   "a JSON object is expected",
	} {
		f.fails("POST", "/proposer/client-request", body, 400, "bad_request", "not_done", message)
	}
	f.equal(f.get("/v1/list/length"), `{"length": 4, "applied": 5}`)
}

func TestTheListIsReadFromMemoryAndFromChunks(t *testing.T) {
	e := servertest.New()
	fill(t, e, 5000) // 4 chunks are out of memory
	f := newFront(t, e, Options{})
	for _, r := range [][2]int{{0, 5000}, {0, 1}, {1023, 2}, {1024, 1}, {3000, 2000}, {4095, 2}, {4096, 904}, {4999, 1}} {
		var got struct {
			From, Next, Length, Applied int
			Values                      []int
		}
		path := fmt.Sprintf("/v1/list?from=%d&limit=%d", r[0], r[1])
		if err := json.Unmarshal([]byte(f.get(path)), &got); err != nil {
			t.Fatal(err)
		}
		if got.From != r[0] || got.Next != r[0]+r[1] || got.Length != 5000 || got.Applied != 6 || len(got.Values) != r[1] {
			t.Errorf("%s: %d values, %+v", path, len(got.Values), got)
		}
		for i, v := range got.Values {
			if v != r[0]+i {
				t.Fatalf("%s: value %d is %d", path, i, v)
			}
		}
	}
	f.equal(f.get("/v1/list?from=4998&limit=99"), `{"from": 4998, "values": [4998,4999], "next": 5000, "length": 5000, "applied": 6}`)
	f.equal(f.get("/v1/list?from=5000"), `{"from": 5000, "values": [], "next": 5000, "length": 5000, "applied": 6}`)
	f.equal(f.get("/v1/list?from=18446744073709551615&limit=18446744073709551615"),
		`{"from": 18446744073709551615, "values": [], "next": 18446744073709551615, "length": 5000, "applied": 6}`)
	f.equal(f.get("/v1/list?from=10&limit=0"), `{"from": 10, "values": [], "next": 10, "length": 5000, "applied": 6}`)
	f.equal(f.get("/v1/list?from=1022&limit=3&format=ndjson"), "1022\n1023\n1024")
	code, header, body := f.call("GET", "/v1/list?from=4999", "", "Accept: application/x-ndjson")
	if f.equal(body, "4999"); code != 200 || header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("%d, %s", code, header.Get("Content-Type"))
	}
	f.equal(f.get("/v1/list?at=4999,0,5000,1024,0"), `{"values": [4999,0,null,1024,0], "length": 5000, "applied": 6}`)
	f.equal(f.get("/v1/list/1025"), `{"index": 1025, "value": 1025}`)
	f.equal(f.get("/v1/list/4998"), `{"index": 4998, "value": 4998}`)
	f.fails("GET", "/v1/list/5000", "", 404, "not_found", "not_done", "no entry 5000, the list has 5000")
	f.equal(f.get("/v1/list/length"), `{"length": 5000, "applied": 6}`)
}

// events reads a stream of events and tells each as "id=data".
func (f *front) events(path string, headers ...string) (next func() string, closeIt func()) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+f.addr+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, h := range headers {
		name, text, _ := strings.Cut(h, ": ")
		r.Header.Set(name, text)
	}
	client := http.Client{Transport: f.client.Transport} // without a time limit
	resp, err := client.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		f.t.Fatalf("%s: %d %s", path, resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(resp.Body)
	line := func() string {
		if !lines.Scan() {
			return "end"
		}
		return lines.Text()
	}
	next = func() string {
		first := line()
		if id, ok := strings.CutPrefix(first, "id: "); ok {
			first = id + "=" + strings.TrimPrefix(line(), "data: ")
		}
		if first != "end" && line() != "" {
			f.t.Errorf("no empty line after %s", first)
		}
		return first
	}
	return next, func() { cancel(); _ = resp.Body.Close() }
}

func TestAWatcherSeesAllThereIsAndAllThatComes(t *testing.T) {
	e := servertest.New()
	fill(t, e, 3000)
	f := newFront(t, e, Options{})
	old, closeOld := f.events("/v1/watch?from=1020")
	end, closeEnd := f.events("/v1/watch")
	later, closeLater := f.events("/v1/watch?from=3001")
	resumed, closeResumed := f.events("/v1/watch?from=5", "Last-Event-ID: 2998")
	defer closeOld()
	defer closeEnd()
	defer closeLater()
	defer closeResumed()
	for i := 1020; i < 3000; i++ {
		f.equal(old(), fmt.Sprintf("%d=%d", i, i))
	}
	f.equal(resumed(), "2999=2999")
	f.post("/v1/list", `{"values": ["a\nb", 5]}`)
	for _, next := range []func() string{old, end, resumed} {
		f.equal(next(), `3000="a\nb"`)
		f.equal(next(), "3001=5")
	}
	f.equal(later(), "3001=5")
}

func TestWatchersHearThatTheServerIsAliveAndThatItEnds(t *testing.T) {
	f := newFront(t, servertest.New(), Options{Limits: Limits{Alive: time.Millisecond, Shutdown: time.Hour}})
	next, closeIt := f.events("/v1/watch")
	defer closeIt()
	f.equal(next(), ": alive")
	f.equal(next(), ": alive")
	stopped := make(chan error, 1)
	go func() { stopped <- f.stop() }()
	select {
	case err := <-stopped:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("a watcher keeps the server from ending")
	}
	for text := next(); text != "end"; text = next() {
		f.equal(text, ": alive")
	}
}

func TestStatusTellsAll(t *testing.T) {
	e := servertest.New()
	fill(t, e, 10)
	f := newFront(t, e, Options{Version: "v1", PeerStatus: func() []PeerStatus {
		return []PeerStatus{{ID: 2, Address: "h:1", Connected: true, QueuedBytes: 3, Shed: 4}}
	}})
	var got map[string]any
	if err := json.Unmarshal([]byte(f.get("/v1/status")), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"id": "1", "address": "127.0.0.1:5000", "leads": "true", "leader": "1", "ballot": "1.1.0001", "decided": "2", "applied": "2",
		"trim": "0", "length": "10", "sessions": "1", "waiting": "0", "log_bytes": "0", "database_bytes": "0", "free_bytes": "1.073741824e+09",
		"full": "false", "removed": "false", "stale_ms": "0", "version": "v1",
		"members": "[map[address:127.0.0.1:5000 id:1 voter:true]]",
		"peers":   "[map[address:h:1 connected:true id:2 queued_bytes:3 shed:4]]",
	} {
		if fmt.Sprint(got[name]) != want {
			t.Errorf("%s is %v, want %s", name, got[name], want)
		}
	}
}

func TestHealthAndReadiness(t *testing.T) {
	e := servertest.New()
	f := newFront(t, e, Options{Token: "secret"})
	f.equal(f.get("/healthz"), "ok")
	f.equal(f.get("/readyz"), "ok")
	e.SetLeader(0)
	f.fails("GET", "/readyz", "", 503, "unavailable", "not_done", "no leader")
	e.SetLeader(1)
	for _, d := range []time.Duration{-1, time.Hour} {
		e.SetStale(d)
		f.fails("GET", "/readyz", "", 503, "unavailable", "not_done", "not in step")
	}
	f.equal(f.get("/healthz"), "ok")
	e.Fail()
	f.fails("GET", "/readyz", "", 503, "unavailable", "not_done", "failed")
	f.fails("GET", "/healthz", "", 503, "unavailable", "not_done", "failed")
}

func TestARemovedServerSaysSo(t *testing.T) {
	e := servertest.New()
	e.Removed = true
	f := newFront(t, e, Options{})
	f.fails("GET", "/readyz", "", 503, "unavailable", "not_done", "removed")
	f.equal(f.get("/healthz"), "ok")
	if got := f.get("/v1/status"); !strings.Contains(got, `"removed":true`) {
		t.Errorf("its status is %s", got)
	}
}

func TestLeadershipMoves(t *testing.T) {
	e := servertest.New()
	e.Members = append(e.Members, e.Members[0])
	e.Members[1].ID = 2
	f := newFront(t, e, Options{})
	f.equal(f.post("/v1/leader", `{}`), `{"leader": 2}`)
	f.equal(f.post("/v1/leader", `{"to": 1}`), `{"leader": 1}`)
	f.equal(f.post("/v1/leader", `{"to": 0}`), `{"leader": 2}`)
	f.fails("POST", "/v1/leader", `{"to": 9}`, 409, "conflict", "not_done", "no member 9")
}

func TestAServerThatStartsTellsItsID(t *testing.T) {
	for path, want := range map[string]int{"/server_id": 200, "/v1/list": 503} {
		w := httptest.NewRecorder()
		Starting("abc").ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want || want == 200 && w.Body.String() != `"abc"` {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
