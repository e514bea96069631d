package listclient

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is a cluster in memory that speaks the HTTP API. Its doors are its servers.
type fake struct {
	mu       sync.Mutex
	list     []string
	sessions map[uint64]*fakeSession
	nonces   map[string]uint64
	opened   uint64
	changed  chan struct{}
	requests map[string]int // by path
	limit    int            // bytes of a value; 0: any
	full     bool
	stale    time.Duration
	leader   string // address
	running  tally  // requests, late ones too
}

// tally counts what runs. Unlike with a sync.WaitGroup, something may begin while somebody waits.
type tally struct {
	mu    sync.Mutex
	count int
	none  sync.Cond
}

func (r *tally) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
}

func (r *tally) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count--; r.count == 0 {
		r.none.Broadcast()
	}
}

// wait returns once nothing runs.
func (r *tally) wait() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.count > 0 {
		r.none.Wait()
	}
}

type fakeSession struct {
	last   uint64
	places []uint64 // of command i + 1
}

// fault is how a door misbehaves with one request.
type fault int

const (
	none            fault = iota
	resetBefore           // the connection breaks before anything is done
	resetAfter            // it breaks after it was done
	cutAnswer             // it breaks in the middle of the answer
	busyAnswer            // 429
	unavailable           // 503, not done
	timeoutBefore         // 503, unknown, not done
	timeoutAfter          // 503, unknown, done
	internalAfter         // 500, unknown, done
	nonsense              // 200 with something else, done
	slow                  // done, but answered too late
	late                  // the connection breaks; done some time later
	closeAfterwards       // done and answered, then the connection is closed
	faults

	// Those that are not drawn at random.
	expiredNotDone // 410, which says that nothing was done
	noSpace        // 507
	lateNoSpace    // 507, after a while
	lateAnswer     // done at once, answered after a while
	brokenJSON     // 200 with the beginning of an answer to a read
	shortAnswer    // half of the lines, and then the end as if it were all
)

func newFake() *fake {
	f := &fake{sessions: map[uint64]*fakeSession{}, nonces: map[string]uint64{}, changed: make(chan struct{}), requests: map[string]int{}}
	f.running.none.L = &f.running.mu
	return f
}

// door is one server of the fake cluster.
type door struct {
	f       *fake
	address string
	server  *httptest.Server

	mu    sync.Mutex
	fault func(path string) fault // nil: none
	slow  time.Duration
	down  bool
	hold  chan struct{} // if not nil, requests wait until it is closed,
	held  chan struct{} // and say that they do
}

func (f *fake) open(t testing.TB, n int) (doors []*door, names []string) {
	for range n {
		d := &door{f: f, address: "127.0.0.1:0", slow: 50 * time.Millisecond}
		d.start(t)
		t.Cleanup(d.kill)
		doors, names = append(doors, d), append(names, d.address)
	}
	return doors, names
}

// start opens the door, at the same address as before. Somebody's connection may have got the port meanwhile: then
// it waits for the end of that.
func (d *door) start(t testing.TB) {
	ln, err := net.Listen("tcp", d.address)
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		ln, err = net.Listen("tcp", d.address)
	}
	if err != nil {
		t.Error(err) // not from the test's own goroutine, perhaps
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.address, d.down = ln.Addr().String(), false
	d.server = &httptest.Server{Listener: ln, Config: &http.Server{Handler: d}}
	d.server.Start()
}

// kill breaks all connections; the address refuses new ones.
func (d *door) kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.down {
		d.down = true
		d.server.Listener.Close()
		d.server.CloseClientConnections()
		go d.server.Close()
	}
}

func (d *door) isDown() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.down
}

func (d *door) setFault(f func(path string) fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// always makes each request to a path fail in the same way.
func (d *door) always(path string, what fault) {
	d.setFault(func(p string) fault {
		if p == path {
			return what
		}
		return none
	})
}

func (d *door) setHold(hold, held chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hold, d.held = hold, held
}

// holdOne lets the next request wait until release, and those behind it, too.
func (d *door) holdOne() (release func()) {
	hold := make(chan struct{})
	d.setHold(hold, make(chan struct{}, 1000))
	return func() { close(hold) }
}

// awaitHeld waits until so many requests wait.
func (d *door) awaitHeld(n int) {
	d.mu.Lock()
	held := d.held
	d.mu.Unlock()
	for range n {
		<-held
	}
}

// wait lets a request wait, if it is to.
func (d *door) wait() {
	d.mu.Lock()
	hold, held := d.hold, d.held
	d.mu.Unlock()
	if hold != nil {
		held <- struct{}{}
		<-hold
	}
}

func (d *door) draw(path string) fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault == nil {
		return none
	}
	return d.fault(path) // one at a time: it may draw from a rand.Rand
}

// randomly draws faults, one in so many requests.
func randomly(rng *rand.Rand, oneIn int) func(string) fault {
	return func(string) fault {
		if rng.IntN(oneIn) > 0 {
			return none
		}
		return fault(1 + rng.IntN(int(faults)-1))
	}
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.f.running.begin()
	defer d.f.running.end()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	d.f.mu.Lock()
	d.f.requests[r.URL.Path]++
	d.f.mu.Unlock()
	d.wait()
	run := func(w http.ResponseWriter) { d.f.serve(w, r, body) }
	switch what := d.draw(r.URL.Path); what {
	case none:
		run(w)
	case resetBefore:
		hangUp(w)
	case resetAfter:
		run(httptest.NewRecorder())
		hangUp(w)
	case cutAnswer:
		cut(w, run)
	case busyAnswer:
		refuse(w, 429, "busy", "not_done")
	case unavailable:
		refuse(w, 503, "unavailable", "not_done")
	case timeoutBefore:
		refuse(w, 503, "timeout", "unknown")
	case timeoutAfter:
		run(httptest.NewRecorder())
		refuse(w, 503, "timeout", "unknown")
	case internalAfter:
		run(httptest.NewRecorder())
		refuse(w, 500, "internal", "unknown")
	case nonsense:
		run(httptest.NewRecorder())
		io.WriteString(w, "<html>welcome</html>")
	case slow:
		time.Sleep(d.slow)
		run(w)
	case late:
		d.f.running.begin()
		go func() {
			defer d.f.running.end()
			time.Sleep(rand.N(d.slow))
			run(httptest.NewRecorder())
		}()
		hangUp(w)
	case expiredNotDone:
		refuse(w, 410, "session_expired", "not_done")
	case noSpace:
		refuse(w, 507, "no_space", "not_done")
	case lateNoSpace:
		time.Sleep(d.slow)
		refuse(w, 507, "no_space", "not_done")
	case lateAnswer:
		rec := httptest.NewRecorder()
		run(rec)
		time.Sleep(d.slow)
		w.Write(rec.Body.Bytes())
	case brokenJSON:
		io.WriteString(w, `{"values": [5], "length": `)
	case shortAnswer:
		short(w, run)
	case closeAfterwards:
		w.Header().Set("Connection", "close")
		run(w)
	}
}

func hangUp(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

// cut breaks off in the middle of an answer.
func cut(w http.ResponseWriter, run func(http.ResponseWriter)) {
	rec := httptest.NewRecorder()
	run(rec)
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(rec.Code)
	w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// short gives half of an answer's lines.
func short(w http.ResponseWriter, run func(http.ResponseWriter)) {
	rec := httptest.NewRecorder()
	run(rec)
	w.Header().Set("Paxos-Length", rec.Header().Get("Paxos-Length"))
	lines := strings.SplitAfter(rec.Body.String(), "\n")
	io.WriteString(w, strings.Join(lines[:len(lines)/2], ""))
}

// script gives the requests to a path their faults, in turn; then there are no more.
func (d *door) script(path string, whats ...fault) {
	d.setFault(func(p string) fault {
		if p != path || len(whats) == 0 {
			return none
		}
		what := whats[0]
		whats = whats[1:]
		return what
	})
}

func refuse(w http.ResponseWriter, status int, code, outcome string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error": {"code": %q, "message": "by the fake", "outcome": %q}}`, code, outcome)
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request, body []byte) {
	switch r.Method + " " + r.URL.Path {
	case "POST /v1/sessions":
		f.openSession(w, body)
	case "POST /v1/list":
		f.append(w, body)
	case "POST /proposer/client-request":
		f.old(w, body)
	case "GET /v1/list":
		f.read(w, r)
	case "GET /v1/list/length":
		f.head(w, r)
		f.mu.Lock()
		defer f.mu.Unlock()
		fmt.Fprintf(w, `{"length": %d, "applied": 7}`, len(f.list))
	case "GET /v1/watch":
		f.watch(w, r)
	case "GET /v1/status":
		fmt.Fprintf(w, `{"id": 1, "address": "x:1", "leads": true, "leader": 1, "length": 3, "stale_ms": 40, "members": [{"id": 1, "address": %q, "voter": true}]}`, f.leader)
	case "GET /v1/members":
		io.WriteString(w, `{"members": [{"id": 2, "address": "y:1", "voter": false}], "changing": true}`)
	case "POST /v1/members":
		refuse(w, 409, "conflict", "not_done")
	case "POST /v1/leader":
		io.WriteString(w, `{"leader": 2}`)
	default:
		refuse(w, 404, "not_found", "not_done")
	}
}

func (f *fake) openSession(w io.Writer, body []byte) {
	var in struct{ Nonce string }
	json.Unmarshal(body, &in)
	f.mu.Lock()
	defer f.mu.Unlock()
	id, ok := f.nonces[in.Nonce]
	if !ok {
		f.opened++
		id = f.opened
		f.nonces[in.Nonce] = id
		f.sessions[id] = &fakeSession{}
	}
	fmt.Fprintf(w, `{"client": %d, "window": 1024}`, id)
}

// expire forgets all sessions.
func (f *fake) expire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.sessions)
	clear(f.nonces)
}

func (f *fake) append(w http.ResponseWriter, body []byte) {
	var session, first uint64
	var values [][]byte
	s := scanner{rest: body}
	s.object(func(name []byte) {
		switch string(name) {
		case "client":
			session = s.uint()
		case "seq":
			first = s.uint()
		case "values":
			s.array(func() { values = append(values, s.raw()) })
		default:
			s.fail()
		}
	})
	if s.bad || len(values) == 0 || len(values) > 1024 {
		refuse(w, 400, "bad_request", "not_done")
		return
	}
	for _, v := range values {
		if f.limit > 0 && len(v) > f.limit {
			refuse(w, 413, "too_large", "not_done")
			return
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.appendIn(w, session, first, values)
}

func (f *fake) appendIn(w http.ResponseWriter, session, first uint64, values [][]byte) {
	ses := f.sessions[session]
	switch {
	case ses == nil:
		refuse(w, 410, "session_expired", "unknown")
		return
	case first > ses.last+1:
		refuse(w, 409, "out_of_turn", "not_done")
		return
	case first+1024 <= ses.last:
		refuse(w, 410, "forgotten", "done")
		return
	case f.full && first+uint64(len(values)) > ses.last+1:
		refuse(w, 507, "no_space", "not_done")
		return
	}
	out := append([]byte(nil), `{"indexes": [`...)
	for i, v := range values {
		seq := first + uint64(i)
		if seq == ses.last+1 {
			ses.last++
			ses.places = append(ses.places, uint64(len(f.list)))
			f.list = append(f.list, string(v))
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendUint(out, ses.places[seq-1], 10)
	}
	close(f.changed)
	f.changed = make(chan struct{})
	w.Write(append(out, `], "instance": 9}`...))
}

func (f *fake) old(w io.Writer, body []byte) {
	var in struct{ Payload json.Number }
	json.Unmarshal(body, &in)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, in.Payload.String())
	fmt.Fprintf(w, `{"state": [%s]}`, strings.Join(f.list, ", "))
}

func (f *fake) head(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Paxos-Applied", "7")
	w.Header().Set("Paxos-Length", strconv.Itoa(len(f.list)))
	if r.URL.Query().Get("consistency") == "local" {
		w.Header().Set("Paxos-Stale-Ms", strconv.FormatInt(f.stale.Milliseconds(), 10))
	}
}

func (f *fake) read(w http.ResponseWriter, r *http.Request) {
	f.head(w, r)
	q := r.URL.Query()
	if q.Has("at") {
		f.readAt(w, q.Get("at"))
		return
	}
	from, _ := strconv.Atoi(q.Get("from"))
	for _, v := range f.from(from) {
		if _, err := io.WriteString(w, v+"\n"); err != nil {
			return
		}
	}
}

func (f *fake) readAt(w io.Writer, at string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := append([]byte(nil), `{"values": [`...)
	for i := 0; at != ""; i++ {
		var text string
		text, at, _ = strings.Cut(at, ",")
		if i > 0 {
			out = append(out, ',')
		}
		if n, err := strconv.Atoi(text); err == nil && n < len(f.list) {
			out = append(out, f.list[n]...)
		} else {
			out = append(out, "null"...)
		}
	}
	out = append(out, `], "length": `...)
	out = strconv.AppendInt(out, int64(len(f.list)), 10)
	w.Write(append(out, `, "applied": 7}`...))
}

// from copies the list from an index on.
func (f *fake) from(n int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n >= len(f.list) {
		return nil
	}
	return append([]string(nil), f.list[n:]...)
}

func (f *fake) watch(w http.ResponseWriter, r *http.Request) {
	next, _ := strconv.Atoi(r.URL.Query().Get("from"))
	http.NewResponseController(w).Flush()
	for {
		f.mu.Lock()
		changed := f.changed
		f.mu.Unlock()
		for _, v := range f.from(next) {
			if _, err := fmt.Fprintf(w, ": alive\n\nid: %d\ndata: %s\n\n", next, v); err != nil {
				return
			}
			next++
		}
		http.NewResponseController(w).Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

func (f *fake) setFull(full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = full
}

// count is how many requests a path has got.
func (f *fake) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[path]
}

// fill puts the integers from 0 to n - 1 into the list.
func (f *fake) fill(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range n {
		f.list = append(f.list, strconv.Itoa(i))
	}
}
