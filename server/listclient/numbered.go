package listclient

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"paxos/server/value"
)

// Session is a session of the list that its user numbers the values of, so that a
// program that is started again can go on where it was, and append nothing twice.
// Client's own appends need none: they have one.
type Session struct {
	ID     uint64 // what the servers know it by
	Window uint64 // values that may be under way
}

// OpenSession opens the session of a nonce, or finds it. Where the list has
// forgotten the one of this nonce it opens another, with another ID: who goes on
// with an old session must not open it, but keep its ID.
func (c *Client) OpenSession(ctx context.Context, nonce [16]byte) (Session, error) {
	id, window, err := c.openSession(ctx, nonce)
	if err != nil {
		return Session{}, err.with(NotDone)
	}
	return Session{id, window}, nil
}

// AppendIn appends values as the numbers first, first+1, ... of a session, and
// returns their indexes. The request is repeated until it is answered, or for
// Config.GiveUp. To call it again with the same numbers and values is always safe:
// what was appended keeps its place. Errors of the class ErrForgotten say that the
// values were appended, so long ago that their places are not known any more; of the
// class ErrExpired, that the list has forgotten the session, and that what became of
// values that were sent before is unknown.
func (c *Client) AppendIn(ctx context.Context, session, first uint64, values []value.Value) ([]uint64, error) {
	body, err := json.Marshal(struct {
		Client uint64        `json:"client"`
		Seq    uint64        `json:"seq"`
		Values []value.Value `json:"values"`
	}{session, first, values})
	if err != nil {
		return nil, &Error{Code: codeBadRequest, Outcome: NotDone, Message: "encode the request", Err: err}
	}
	path := "/v1/list?timeout=" + (c.cfg.Timeout - c.cfg.Timeout/10).String()
	answer, failed := c.exchange(ctx, nil, &request{method: http.MethodPost, path: path, body: body}, true)
	if failed != nil {
		return nil, failed
	}
	var places struct {
		Indexes []uint64 `json:"indexes"`
	}
	if err := decode(answer, &places, Unknown); err != nil {
		return nil, err
	}
	if len(places.Indexes) != len(values) {
		return nil, badAnswer("", fmt.Sprintf("%d places for %d values", len(places.Indexes), len(values)))
	}
	return places.Indexes, nil
}

// nonceBody is the request to open a session.
func nonceBody(nonce [16]byte) []byte {
	return fmt.Appendf(nil, `{"nonce":"%s"}`, hex.EncodeToString(nonce[:]))
}
