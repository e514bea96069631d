package listclient

import (
	"fmt"
	"net/http"
	"strconv"
)

// lane sends batches, one at a time, over its own connection.
type lane struct {
	a     *appender
	link  *link
	batch batch
	path  string

	body     []byte
	indexes  []uint64
	instance uint64
}

func (a *appender) newLane() *lane {
	return &lane{a: a, link: a.c.newLink(a.c.ctx, nil), path: "/v1/list?timeout=" + (a.c.cfg.Timeout - a.c.cfg.Timeout/10).String()}
}

// run sends batches until the client is closed.
func (l *lane) run() {
	defer l.link.close()
	for l.next() {
		r := l.request()
		err := l.link.send(r)
		l.a.turn.Unlock()
		if err == nil {
			err = l.receive(r)
		}
		l.settle(err)
	}
}

// next takes a batch. If there is one, the lane has the turn.
func (l *lane) next() bool {
	l.a.turn.Lock()
	if n := len(l.batch.commands); n > 1 { // who calls alone is soonest back if the lane sleeps
		l.a.gather(n)
	}
	if l.a.take(&l.batch) {
		return true
	}
	l.a.turn.Unlock()
	return false
}

// request encodes the batch.
func (l *lane) request() *request {
	b := append(l.body[:0], `{"client":`...)
	b = strconv.AppendUint(b, l.batch.session, 10)
	b = append(b, `,"seq":`...)
	b = strconv.AppendUint(b, l.batch.first, 10)
	b = append(b, `,"values":[`...)
	for i := range l.batch.commands {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, l.batch.commands[i].value.String()...)
	}
	l.body = append(b, "]}"...)
	return &request{method: http.MethodPost, path: l.path, body: l.body}
}

// receive reads the answer into indexes and instance.
func (l *lane) receive(r *request) *Error {
	body, err := l.link.receive(r)
	if err != nil {
		return err
	}
	l.indexes, l.instance = l.indexes[:0], 0
	s := scanner{rest: body}
	s.object(func(name []byte) {
		switch string(name) {
		case "indexes":
			s.array(func() { l.indexes = append(l.indexes, s.uint()) })
		case "instance":
			l.instance = s.uint()
		default:
			s.skip()
		}
	})
	if s.bad || len(l.indexes) != len(l.batch.commands) {
		return l.link.reject(fmt.Sprintf("to an append of %d values: %.100q", len(l.batch.commands), body))
	}
	return nil
}

// settle ends the batch after its first request, repeating that as often as it takes.
func (l *lane) settle(err *Error) {
	if err == nil {
		l.deliver()
		return
	}
	l.a.repeats(+1)
	defer l.a.repeats(-1)
	for tries := 1; ; tries++ {
		l.batch.doubt = l.batch.doubt || err.Outcome != NotDone
		if !l.a.oldest(&l.batch) || l.a.decide(&l.batch, err) {
			return
		}
		// A request that overtook its predecessor, or met a closed connection, is just sent again.
		if tries > 1 || err.Code != codeOutOfTurn && err.Code != codeStale {
			if sleep(l.a.c.ctx, pauseBefore(tries)) != nil {
				return // closed: the batch is dissolved, or will be
			}
		}
		r := l.request()
		if err = l.link.send(r); err == nil {
			err = l.receive(r)
		}
		if err == nil {
			l.deliver()
			l.a.c.findLeader()
			return
		}
	}
}

// deliver gives everybody the place of his value.
func (l *lane) deliver() {
	if !l.a.finish(&l.batch) {
		return // nobody waits for it
	}
	for i, cmd := range l.batch.commands {
		cmd.group.placed(cmd.at, Position{Index: l.indexes[i], Instance: l.instance})
	}
}
