package server

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"paxos/server/servertest"
)

// raw is a connection on which anything can be said.
type raw struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func (f *front) dial() *raw {
	f.t.Helper()
	conn, err := net.Dial("tcp4", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	f.t.Cleanup(func() { _ = conn.Close() })
	return &raw{f.t, conn, bufio.NewReader(conn)}
}

// say sends text; that the other end has hung up is no error.
func (c *raw) say(text string) { _, _ = io.WriteString(c.conn, text) }

// hear reads an answer.
func (c *raw) hear() (int, http.Header, string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

func (c *raw) fails(what string, status int, code, message string) {
	c.t.Helper()
	got, header, body := c.hear()
	checkFailure(c.t, what, got, header, body, status, code, notDone, message)
}

// ended expects that the server hangs up, whatever it says before.
func (c *raw) ended() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.in); err != nil && !strings.Contains(err.Error(), "reset") {
		c.t.Errorf("the server did not hang up: %v", err)
	}
}

func TestSlowHeadersAndSlowBodiesAreCut(t *testing.T) {
	h := newFront(t, servertest.New(), Options{Limits: Limits{HeaderTime: 50 * time.Millisecond}})
	silent, headers := h.dial(), h.dial()
	headers.say("GET /v1/list HTTP/1.1\r\nHost: x\r\nX-A: ")
	f := newFront(t, servertest.New(), Options{Limits: Limits{BodyTime: 50 * time.Millisecond}})
	body, chunked, get := f.dial(), f.dial(), f.dial()
	body.say("POST /v1/list HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"value\"")
	chunked.say("POST /v1/list HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"val")
	get.say("GET /v1/list HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
	body.fails("slow body", 400, "bad_request", "did not arrive in time")
	chunked.fails("slow chunks", 400, "bad_request", "did not arrive in time")
	get.fails("GET with a body", 400, "bad_request", "no body")
	for _, c := range []*raw{silent, headers, body, chunked, get} {
		c.ended()
	}
	eventually(t, func() bool { return h.server.conns.count()+f.server.conns.count() == 0 })
}

// The wait for the cluster may last longer than a body may take to arrive.
func TestTheTimeForABodyDoesNotEndTheWait(t *testing.T) {
	release, entered := make(chan struct{}), make(chan time.Duration, 1)
	f := newFront(t, stuck(release, entered), Options{Limits: Limits{BodyTime: time.Second}})
	c := f.dial()
	c.say(postOf(`{"value": 1}`))
	<-entered
	time.Sleep(1500 * time.Millisecond) // long after the deadline of the body
	close(release)
	if code, _, body := c.hear(); code != 200 {
		t.Errorf("%d %s", code, body)
	}
}

func TestAGigabyteIsRefusedUnread(t *testing.T) {
	f := newFront(t, servertest.New(), Options{})
	announced := f.dial()
	announced.say("POST /v1/list HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n")
	announced.fails("announced", 413, "too_large", "at most 1048576 bytes")
	announced.ended()
	expects := f.dial()
	expects.say("POST /v1/list HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1073741824\r\n\r\n")
	expects.fails("announced, with Expect", 413, "too_large", "at most 1048576 bytes")

	const start = "POST /v1/list HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	over := f.dial()
	over.say(start + "100001\r\n" + strings.Repeat(" ", 1<<20+1))
	over.fails("chunks", 413, "too_large", "at most 1048576 bytes")
	chunked := f.dial()
	chunked.say(start)
	sent, chunk := 0, "100000\r\n"+strings.Repeat(" ", 1<<20)+"\r\n"
	for ; sent < 1<<30; sent += 1 << 20 {
		if _, err := io.WriteString(chunked.conn, chunk); err != nil {
			break
		}
	}
	if sent > 64<<20 { // what the buffers of two sockets hold, generously
		t.Errorf("%d bytes were taken", sent)
	}
	f.post("/v1/list", `{"value": 1}`)
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	f := newFront(t, servertest.New(), Options{})
	for text, want := range map[string]int{
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n": 400,
		"GET\r\n\r\n":                                                     400,
		"GET / HTTP/9.9\r\n\r\n":                                          505,
		"GET / HTTP/1.1\r\n\r\n":                                          400, // no Host
		"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n":                            400,
		"GET / HTTP/1.1\r\nHost: x\r\nA B\r\n\r\n":                        400,
		"POST /v1/list HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n": 400,
		"POST /v1/list HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n": 400,
		"POST /v1/list HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n":                              501,
		"GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("x", 80<<10) + "\r\n\r\n":                       431,
		"GET /" + strings.Repeat("x", 80<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n":                              431,
	} {
		c := f.dial()
		c.say(text)
		if code, _, body := c.hear(); code != want {
			t.Errorf("%.60q: %d %s, want %d", text, code, body, want)
		}
		c.ended()
	}
	f.post("/v1/list", `{"value": 1}`)
}

func TestWrongPathsAndMethodsAreAnsweredInJSON(t *testing.T) {
	f := newFront(t, servertest.New(), Options{})
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/lists", "//v1/list", "/v1//list", "/v1/./list", "/v1/x/../list", "/v1/list/", "/v1/list/1/2", "/V1/list", "/peer", "/%2e%2e/x", "/v1/status/"} {
		f.fails("GET", path, "", 404, "not_found", "not_done", "no such path")
		f.fails("POST", path, "{}", 404, "not_found", "not_done", "no such path")
	}
	for path, allow := range map[string]string{
		"/v1/list": "GET, HEAD, POST", "/v1/list/length": "GET, HEAD", "/v1/list/7": "GET, HEAD", "/proposer/client-request": "POST",
		"/v1/members": "GET, HEAD, POST", "/healthz": "GET, HEAD", "/server_id": "GET, HEAD",
	} {
		for _, method := range []string{"DELETE", "PUT", "OPTIONS", "PATCH", "TRACE", "BREW"} {
			if h := f.fails(method, path, "", 405, "method_not_allowed", "not_done", allow); h.Get("Allow") != allow {
				t.Errorf("%s %s: Allow is %q", method, path, h.Get("Allow"))
			}
		}
	}
	for _, line := range []string{"OPTIONS * HTTP/1.1", "CONNECT x:1 HTTP/1.1", "GET http://other/nothing HTTP/1.1"} {
		c := f.dial()
		c.say(line + "\r\nHost: x\r\n\r\n")
		c.fails(line, 404, "not_found", "no such path")
	}
	for _, path := range []string{"/v1/list/x", "/v1/list/-1", "/v1/list/1.5", "/v1/list/18446744073709551616", "/v1/list/+1", "/v1/list/%20"} {
		f.fails("GET", path, "", 400, "bad_request", "not_done", "whole number")
	}
	many := strings.Repeat("0,", maxIndexes)
	for query, message := range map[string]string{
		"?from=x": "from is a whole number", "?from=-1": "from is a whole number", "?limit=1e3": "limit is a whole number", "?x=1": `unknown query parameter "x"`,
		"?from=1&from=2": `"from" stands twice`, "?from=": "from is a whole number", "?%zz": "cannot be read", "?at=": "whole number", "?at=1,,2": "whole number",
		"?at=" + many + "0": "at most 1024 indexes", "?at=1&from=1": "at stands without", "?consistency=strong": "linearizable or local", "?format=xml": "json or ndjson", "?a;b": "cannot be read",
	} {
		f.fails("GET", "/v1/list"+query, "", 400, "bad_request", "not_done", message)
	}
	for _, path := range []string{"/v1/watch?from=x", "/v1/watch?x=1", "/v1/status?x=1", "/v1/members?x", "/v1/list/0?at=1", "/v1/list/length?from=1"} {
		f.fails("GET", path, "", 400, "bad_request", "not_done", "")
	}
	code, h, body := f.call("GET", "/v1/watch", "", "Last-Event-ID: x")
	checkFailure(t, "Last-Event-ID", code, h, body, 400, "bad_request", "not_done", "Last-Event-ID is a whole number")
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	e := servertest.New()
	fill(t, e, 3000)
	f := newFront(t, e, Options{})
	for _, path := range []string{"/v1/list", "/v1/list/5", "/v1/list/length", "/v1/status", "/v1/watch", "/server_id", "/healthz", "/v1/list?at=1,2"} {
		code, h, body := f.call("HEAD", path, "")
		if code != 200 || body != "" || strings.HasPrefix(path, "/v1/list") && h.Get("Paxos-Length") != "3000" {
			t.Errorf("HEAD %s: %d %q %v", path, code, body, h)
		}
	}
	if e.ChunksRead() > 1 { // the one of entry 5
		t.Errorf("%d chunks were read for nothing", e.ChunksRead())
	}
}

func TestTheTokenIsAskedForEverywhereButForHealth(t *testing.T) {
	peer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	f := newFront(t, servertest.New(), Options{Token: "secret", Peer: peer})
	for _, rt := range append(routeNames(), "GET /nothing") {
		method, path, _ := strings.Cut(rt, " ")
		for _, headers := range [][]string{nil, {"Authorization: Bearer wrong"}, {"Authorization: secret"}, {"Authorization: Basic secret"}, {"Authorization: Bearer "}, {"Authorization: Bearer secret2"}} {
			code, h, body := f.call(method, path, "", headers...)
			switch path {
			case "/healthz", "/readyz":
				f.equal(body, "ok")
			case "/peer":
				if code != http.StatusTeapot {
					t.Errorf("peer: %d", code)
				}
			default:
				checkFailure(t, rt, code, h, body, 401, "unauthorized", "not_done", "token")
				f.equal(h.Get("WWW-Authenticate"), "Bearer")
			}
		}
	}
	code, _, body := f.call("GET", "/v1/list/length", "", "Authorization: Bearer secret")
	if f.equal(body, `{"length": 0, "applied": 1}`); code != 200 {
		t.Errorf("%d with the token", code)
	}
}

// Who has no token gets nothing read.
func TestABodyWithoutATokenIsNotRead(t *testing.T) {
	f := newFront(t, servertest.New(), Options{Token: "secret"})
	c := f.dial()
	c.say("POST /v1/list HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
	c.fails("no token", 401, "unauthorized", "token")
}

func TestAThousandIdleConnectionsAndAFullHouse(t *testing.T) {
	f := newFront(t, servertest.New(), Options{Limits: Limits{Connections: 1000}})
	var idle []*raw
	for i := range 1000 {
		c := f.dial()
		c.say("GET /server_id HTTP/1.1\r\nHost: x\r\n\r\n")
		if code, _, _ := c.hear(); code != 200 {
			t.Fatalf("answer %d", code)
		}
		if idle = append(idle, c); i == 0 { // the one that idles longest
			eventually(t, func() bool { return idleConnections(f.server.conns) == 1 })
		}
	}
	eventually(t, func() bool { return idleConnections(f.server.conns) == 1000 })
	f.post("/v1/list", `{"value": 1}`) // in the place of the one that idles longest
	idle[0].ended()
	idle[999].say("GET /server_id HTTP/1.1\r\nHost: x\r\n\r\n")
	if code, _, _ := idle[999].hear(); code != 200 {
		t.Errorf("answer %d", code)
	}
	if n := f.server.conns.count(); n > 1000 {
		t.Errorf("%d connections", n)
	}
}

func idleConnections(c *conns) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, since := range c.open {
		if !since.IsZero() {
			n++
		}
	}
	return n
}

// Where all are busy, a newcomer waits until one of them is done.
func TestANewConnectionWaitsWhileAllAreBusy(t *testing.T) {
	release, entered := make(chan struct{}), make(chan time.Duration, 3)
	f := newFront(t, stuck(release, entered), Options{Limits: Limits{Connections: 2}})
	a, b, c := f.dial(), f.dial(), f.dial()
	a.say(postOf(`{"value": 1}`))
	<-entered
	b.say(postOf(`{"value": 2}`))
	<-entered
	c.say(postOf(`{"value": 3}`))
	select {
	case <-entered:
		t.Error("a third connection was served")
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	for _, conn := range []*raw{a, b, c} {
		if code, _, body := conn.hear(); code != 200 {
			t.Errorf("%d %s", code, body)
		}
	}
}

func TestBodiesAreBoundedAltogether(t *testing.T) {
	f := newFront(t, servertest.New(), Options{Limits: Limits{AllBodiesBytes: 300 << 10}})
	slow := f.dial()
	slow.say(fmt.Sprintf("POST /v1/list HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", 250<<10, strings.Repeat(" ", 200<<10)))
	eventually(t, func() bool { return f.server.bodies.used.Load() >= 200<<10 })
	if used, announced := f.server.bodies.used.Load(), int64(250<<10); used > announced {
		t.Errorf("%d bytes are counted for a body of %d", used, announced)
	}
	large := strings.Repeat(" ", 250<<10) + `{"value": 1}`
	f.fails("POST", "/v1/list", large, 429, "busy", "not_done", "large requests")
	f.post("/v1/list", `{"value": 1}`) // small ones are not counted
	slow.say(strings.Repeat(" ", 50<<10-12) + `{"value": 2}`)
	if code, _, body := slow.hear(); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	eventually(t, func() bool { return f.server.bodies.used.Load() == 0 })
	f.post("/v1/list", large)
}

func eventually(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about")
		}
	}
}

// Many who read a long list and take nothing hold a piece each, no more, and are
// cut in time.
func TestSlowReadersHoldNoMemoryAndAreCut(t *testing.T) {
	e := servertest.New()
	long := bytes.Repeat([]byte("x"), 8000)
	long[0], long[len(long)-1] = '"', '"'
	batch := make([][]byte, 100)
	for i := range batch {
		batch[i] = long
	}
	for range 62 { // 49 MB
		if _, err := e.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	e.Checkpoint()
	f := newFront(t, e, Options{Limits: Limits{WriteTime: 300 * time.Millisecond}})
	before := liveBytes()
	var slow []*raw
	for range 200 {
		c := f.dial()
		c.say("GET /v1/list HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := c.in.Peek(1); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	if grown := liveBytes() - before; grown > 200*256<<10+20<<20 { // 200 whole answers are 9.8 GB
		t.Errorf("%d bytes are held", grown)
	}
	eventually(t, func() bool { return f.server.conns.count() == 0 })
	for _, c := range slow {
		resp, err := http.ReadResponse(c.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Errorf("an answer that was cut after %d bytes looks complete", n)
		}
	}
}

func liveBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestADamagedChunkBreaksTheAnswerOff(t *testing.T) {
	e := servertest.New()
	fill(t, e, 50_000)
	e.Damage(10)
	e.Damage(40)
	f := newFront(t, e, Options{})
	resp, err := f.client.Get("http://" + f.addr + "/v1/list?from=12000")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("%d bytes look like the whole list", len(body))
	}
	for _, path := range []string{"/v1/list/10300", "/v1/list", "/v1/list?at=5,10300", "/v1/list?from=10240&format=ndjson"} {
		f.fails("GET", path, "", 500, "internal", "not_done", "chunk 10")
	}
	f.fails("POST", "/proposer/client-request", `{"client_id": 1, "command_id": 1, "payload": 1}`, 500, "internal", "done", "was appended")
	f.equal(f.get("/v1/list/9000"), `{"index": 9000, "value": 9000}`)
	f.equal(f.get("/v1/list?from=11264&limit=1"), `{"from": 11264, "values": [11264], "next": 11265, "length": 50001, "applied": 52}`)
}

func TestWatchersAreBounded(t *testing.T) {
	f := newFront(t, servertest.New(), Options{Limits: Limits{Watches: 2}})
	_, closeA := f.events("/v1/watch")
	_, closeB := f.events("/v1/watch")
	defer closeB()
	f.fails("GET", "/v1/watch", "", 429, "busy", "not_done", "more than 2 clients")
	closeA()
	eventually(t, func() bool { return f.server.watches.used.Load() == 1 })
	_, closeC := f.events("/v1/watch")
	closeC()
}
