package listclient

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
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

func newFake() *fake {
	f := &fake{sessions: map[uint64]*fakeSession{}, nonces: map[string]uint64{}, changed: make(chan struct{}), requests: map[string]int{}}
	f.running.none.L = &f.running.mu
	return f
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
