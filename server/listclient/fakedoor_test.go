package listclient

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

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
