package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// exchange is one request and its answer. Exchanges are used again, with their
// buffers: nothing may keep a part of one.
type exchange struct {
	s    *Server
	w    http.ResponseWriter
	r    *http.Request
	code int // of the answer, 0 while there is none

	body     []byte   // of the request
	reserved int64    // bytes of it that are counted
	payloads [][]byte // parts of body
	out      []byte   // answer in the making
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// What an exchange keeps for the next request, at most, in bytes: an answer has room for 1024 indexes.
const (
	maxKeptBody = 8 << 10
	maxKeptOut  = 16 << 10
)

func (s *Server) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := exchanges.Get().(*exchange)
	x.s, x.w, x.r, x.code = s, w, r, 0
	return x
}

// end gives the exchange back.
func (x *exchange) end() {
	if x.reserved > 0 {
		x.s.bodies.give(x.reserved)
	}
	clear(x.payloads)
	kept := exchange{body: x.body[:0], payloads: x.payloads[:0], out: x.out[:0]}
	if cap(kept.body) > maxKeptBody {
		kept.body = nil
	}
	if cap(kept.out) > maxKeptOut {
		kept.out = nil
	}
	*x = kept
	exchanges.Put(x)
}

// handle answers one request. The connection is aborted where an answer cannot
// be completed: a reader must not take a part for the whole.
func (s *Server) handle(rt *route, w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	x := s.begin(w, r)
	err := x.run(rt)
	if err != nil && x.code == 0 {
		x.fail(x.explain(err))
		err = nil
	}
	s.metrics.observe(rt, x.code, time.Since(start))
	x.end()
	if err != nil {
		s.log.Debug("answer broken off", "endpoint", rt.name, "client", r.RemoteAddr, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// explain is the failure for an error. To ask does nothing, however it fails.
func (x *exchange) explain(err error) *failure {
	f := explain(err)
	if x.r.Method != http.MethodPost {
		if f.Code == "timeout" {
			f.Code = "unavailable"
		}
		f.Outcome = notDone
	}
	return f
}

func (x *exchange) run(rt *route) error {
	if x.r.ContentLength != 0 { // stays until the body is read: net/http reads a part of one that is not wanted
		_ = http.NewResponseController(x.w).SetReadDeadline(time.Now().Add(x.s.limits.BodyTime))
	}
	if !rt.open {
		if err := x.s.authorize(x.r); err != nil {
			return err
		}
	}
	if rt.body {
		if err := x.readBody(); err != nil {
			return err
		}
	} else if x.r.ContentLength != 0 {
		f := bad("a %s request has no body here", x.r.Method)
		f.hangUp = true
		return f
	}
	return rt.run(x)
}

// authorize compares the token in a time that does not depend on what it is.
func (s *Server) authorize(r *http.Request) error {
	if s.token == nil {
		return nil
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(given))
	if ok && subtle.ConstantTimeCompare(sum[:], s.token) == 1 {
		return nil
	}
	return &failure{status: http.StatusUnauthorized, Code: "unauthorized", Outcome: notDone, hangUp: true,
		Message: "a valid bearer token is needed"}
}

// Values of headers that many answers share.
var (
	typeJSON   = []string{"application/json"}
	typeNDJSON = []string{"application/x-ndjson"}
	typeEvents = []string{"text/event-stream"}
	typePlain  = []string{"text/plain; charset=utf-8"}
	noSniff    = []string{"nosniff"}
	noStore    = []string{"no-store"}
	soon       = []string{"1"}
	closeIt    = []string{"close"}
)

// start sends status and headers.
func (x *exchange) start(code int, contentType []string) {
	h := x.w.Header()
	h["Content-Type"] = contentType
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	x.code = code
	x.w.WriteHeader(code)
}

// reply sends x.out as a whole answer.
func (x *exchange) reply() error {
	x.start(http.StatusOK, typeJSON)
	return x.send(x.out)
}

// sendAs sends a part of the answer, and the headers before the first part: what
// fails before it is a failure with a status.
func (x *exchange) sendAs(contentType []string, part []byte) error {
	if x.code == 0 {
		x.start(http.StatusOK, contentType)
	}
	return x.send(part)
}

// send sends a part of the answer, with a deadline of its own.
func (x *exchange) send(part []byte) error {
	if x.r.Method == http.MethodHead {
		return nil
	}
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(x.s.limits.WriteTime))
	_, err := x.w.Write(part)
	return err
}

func (x *exchange) fail(f *failure) {
	h := x.w.Header()
	if f.again {
		h["Retry-After"] = soon
	}
	if f.allow != "" {
		h["Allow"] = []string{f.allow}
	}
	if f.status == http.StatusUnauthorized {
		h["Www-Authenticate"] = []string{"Bearer"}
	}
	if f.hangUp {
		h["Connection"] = closeIt
	}
	x.start(f.status, typeJSON)
	_ = x.send(f.body()) // who does not take it has gone
}

// query returns the request's query, in which only the known names may stand,
// each once.
func (x *exchange) query(names ...string) (url.Values, error) {
	if x.r.URL.RawQuery == "" {
		return nil, nil
	}
	q, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		return nil, bad("the query cannot be read: %v", err)
	}
	for name, values := range q {
		if find(names, []byte(name)) < 0 {
			return nil, bad("unknown query parameter %.80q", name)
		}
		if len(values) > 1 {
			return nil, bad("query parameter %q stands twice", name)
		}
	}
	return q, nil
}

// index returns a query parameter that is an index, or a default.
func index(q url.Values, name string, otherwise uint64) (uint64, error) {
	if !q.Has(name) {
		return otherwise, nil
	}
	return parseIndex("query parameter "+name, q.Get(name))
}

func parseIndex(what, text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, bad("%s is a whole number from 0 on, not %.80q", what, text)
	}
	return n, nil
}

// waiting is the context of a request that waits for the cluster: as long as the
// request says, in its query or its header Timeout, else the default.
func (x *exchange) waiting(q url.Values) (context.Context, context.CancelFunc, error) {
	wait := x.s.limits.Wait
	text := q.Get("timeout")
	if text == "" {
		text = x.r.Header.Get("Timeout")
	}
	if text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return nil, nil, bad("timeout is a duration like 500ms or 10s, not %.80q", text)
		}
		wait = min(d, x.s.limits.MaxWait)
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), wait)
	return ctx, cancel, nil
}
