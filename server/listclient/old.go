package listclient

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"paxos/server/value"
)

// AppendOld appends an integer by the old endpoint, at one of Config.Servers or at any if server is empty, and
// returns the whole list up to and including it. Each call appends anew, outside of any session: it is asked of another server only
// while nothing was done, and its outcome may be Unknown. For more than compatibility use Append.
func (c *Client) AppendOld(ctx context.Context, server string, v value.Value) ([]value.Value, error) {
	if v.IsString() {
		return nil, &Error{Code: codeBadRequest, Outcome: NotDone, Message: "the old endpoint takes integers only"}
	}
	only, err := c.server(server)
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	r := &request{method: http.MethodPost, path: "/proposer/client-request", wait: min(oldWait, c.cfg.GiveUp),
		body: fmt.Appendf(nil, `{"client_id": %d, "command_id": 1, "payload": %s}`, os.Getpid(), v)}
	for tries, since := 1, time.Now(); ; tries++ {
		list, err := c.appendOld(ctx, only, r)
		switch {
		case err == nil:
			return list, nil
		case ctx.Err() != nil:
			return nil, c.interrupted(ctx, err.Outcome)
		case err.final(), err.Outcome != NotDone, time.Since(since) > c.cfg.GiveUp:
			return nil, err
		case sleep(ctx, pauseBefore(tries)) != nil:
			return nil, c.interrupted(ctx, NotDone)
		}
	}
}

// oldWait is how long an answer may stay away: longer than the servers take to give up.
const oldWait = 12 * time.Second

func (c *Client) appendOld(ctx context.Context, only *server, r *request) ([]value.Value, *Error) {
	l := c.newLink(ctx, only)
	defer l.close()
	if err := l.send(r); err != nil {
		return nil, err
	}
	answer, err := l.conn.head(r)
	if err != nil {
		return nil, l.judged(l.conn.server, err)
	}
	l.conn.patience = c.cfg.Timeout
	list, bad := readState(answer.Body)
	if bad != nil {
		err := l.judged(l.conn.server, l.conn.broken("read the list", bad)).with(Done)
		return nil, err
	}
	l.servers.worked(l.conn.server)
	return list, nil
}

// readState reads {"state": [...]} as it comes.
func readState(body io.Reader) (list []value.Value, err error) {
	d := json.NewDecoder(bufio.NewReaderSize(body, readBuffer))
	for _, want := range []any{json.Delim('{'), "state", json.Delim('[')} {
		if got, err := d.Token(); err != nil || got != want {
			return nil, fmt.Errorf("%v instead of %v: %w", got, want, orMalformed(err))
		}
	}
	for d.More() {
		var v value.Value
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("entry %d: %w", len(list), err)
		}
		list = append(list, v)
	}
	for range 2 { // the array ends, and the object
		if _, err := d.Token(); err != nil {
			return nil, orMalformed(err)
		}
	}
	return list, nil
}

func orMalformed(err error) error {
	if err == nil || err == io.EOF {
		return errMalformed
	}
	return err
}
