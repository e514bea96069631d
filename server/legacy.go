package server

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"

	"paxos/protocol"
)

// NewServerID draws what GET /server_id tells: it is unique for a process, so that
// a server can find itself in the cluster file.
func NewServerID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand
	return hex.EncodeToString(id[:])
}

// serverID answers GET /server_id.
func (x *exchange) serverID() error {
	x.out = append(x.out[:0], x.s.id...)
	return x.reply()
}

// Starting answers for a server that does not know yet which member it is: its
// id, and that all else is not available.
func Starting(id string) http.Handler {
	text := []byte(`"` + id + `"`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{w: w, r: r, s: &Server{limits: Limits{}.withDefaults()}}
		if r.URL.Path != "/server_id" || r.Method != http.MethodGet {
			x.fail(unavailable("the server is starting"))
			return
		}
		x.start(http.StatusOK, typeJSON)
		_ = x.send(text)
	})
}

// The fields that POST /proposer/client-request must have, all of them.
var clientFields = []string{`"client_id"`, `"command_id"`, `"payload"`}

// clientRequest answers POST /proposer/client-request: each request is a new
// append, whatever its ids, and the answer is the list up to it.
func (x *exchange) clientRequest() error {
	if err := x.parseClientRequest(); err != nil {
		return err
	}
	placed, err := x.place(appendRequest{})
	if err != nil {
		return err
	}
	if err := x.stream(0, placed[0].Index+1, arrayStyle(`{"state": [`, ", ", "]}\n")); err != nil {
		f := explain(fmt.Errorf("the value was appended, but the list cannot be read: %w", err))
		f.Outcome = done
		return f
	}
	return nil
}

func (x *exchange) parseClientRequest() error {
	c := cursor{in: x.body}
	seen, err := c.object(clientFields, func(i int) error {
		text, err := c.integer()
		if i == 2 {
			x.payloads = append(x.payloads[:0], text)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case seen != 1<<len(clientFields)-1:
		return bad(`"client_id", "command_id" and "payload" are expected`)
	case len(x.payloads[0]) > protocol.MaxPayload:
		return tooLarge("a payload has at most %d digits", protocol.MaxPayload)
	}
	return nil
}
