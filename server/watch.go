package server

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// watch answers GET /v1/watch with the entries from an index on, and those to come.
func (x *exchange) watch() error {
	q, err := x.query("from")
	if err != nil {
		return err
	}
	from, err := x.watchFrom(q)
	if err != nil {
		return err
	}
	if !x.s.watches.take(1) {
		return busy("more than %d clients follow the list", x.s.limits.Watches)
	}
	defer x.s.watches.give(1)
	x.w.Header()["Paxos-Consistency"] = []string{"local"}
	x.start(http.StatusOK, typeEvents)
	if x.r.Method == http.MethodHead {
		return nil
	}
	if err := x.flush(); err != nil { // who watches wants to know that it does
		return err
	}
	return x.follow(from)
}

// watchFrom is the index to begin with: behind the last one that the client saw,
// or where it asks, or at the end.
func (x *exchange) watchFrom(q url.Values) (uint64, error) {
	if id := x.r.Header.Get("Last-Event-Id"); id != "" {
		last, err := parseIndex("Last-Event-ID", id)
		return last + 1, err
	}
	if q.Has("from") {
		return parseIndex("query parameter from", q.Get("from"))
	}
	return x.s.engine.View().Length(), nil
}

// follow sends entries until the client goes or the server ends.
func (x *exchange) follow(from uint64) error {
	alive := time.NewTicker(x.s.limits.Alive)
	defer alive.Stop()
	for {
		changed := x.s.engine.Changed() // before the View: what comes after it is not missed
		next, err := x.catchUp(from)
		if err != nil {
			return err
		}
		if next > from {
			from = next
			alive.Reset(x.s.limits.Alive)
		}
		select {
		case <-changed:
		case <-alive.C:
			if err := x.sendNow([]byte(": alive\n\n")); err != nil {
				return err
			}
		case <-x.r.Context().Done():
			return nil
		case <-x.s.stopping:
			return nil
		case <-x.s.engine.Failed():
			return nil
		}
	}
}

// maxEvents is how many entries are sent before a watcher looks up again.
const maxEvents = 16 << 10

// catchUp sends what the list has from index from on, or a good part of it.
func (x *exchange) catchUp(from uint64) (next uint64, err error) {
	for {
		end := x.s.engine.View().Length()
		if from >= end {
			return from, nil
		}
		to := min(end, from+maxEvents)
		if err := x.stream(from, to, style{contentType: typeEvents, after: "\n\n", event: true}); err != nil {
			return from, err
		}
		if err := x.flush(); err != nil {
			return from, err
		}
		from = to
		select {
		case <-x.s.stopping:
			return from, nil
		default:
		}
	}
}

func (x *exchange) sendNow(part []byte) error {
	if err := x.send(part); err != nil {
		return err
	}
	return x.flush()
}

// flush sends what net/http still holds, by the deadline of the last send.
func (x *exchange) flush() error { return http.NewResponseController(x.w).Flush() }

// idText is an id as it stands in an answer.
func idText(s string) []byte { return strconv.AppendQuote(nil, s) }
