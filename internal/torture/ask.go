package torture

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"paxos/internal/torture/history"
	"paxos/server/listclient"
	"paxos/server/value"
)

// question is one request to a list server.
type question struct {
	deed   deed
	server int
	value  int64 // to append
	index  int64 // to read, or to read from
}

var (
	// errNotDone is for appends that certainly will not be in the list.
	errNotDone = errors.New("not done")
	// errForbidden is for answers that the interface does not allow. They end the run.
	errForbidden = errors.New("an answer that no server may give")
)

func is(err, target error) bool { return errors.Is(err, target) }

// short is an error as it stands in a history.
func short(err error) string { return fmt.Sprintf("%.200v", err) }

// ask sends a question, and returns the answer in the history's terms.
func (w *serverWorkload) ask(ctx context.Context, q *question) (any, error) {
	if q.deed == appendSession {
		return w.askGoClient(ctx, q)
	}
	r, err := w.request(ctx, q)
	if err != nil {
		return nil, err
	}
	answer, err := w.cluster.Client().Do(r)
	if err != nil {
		return nil, unheard(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK && (q.deed != readEntry || answer.StatusCode != http.StatusNotFound) {
		return nil, failure(answer)
	}
	return w.read(q, answer)
}

// unheard says of a request that never reached anybody that it was not done.
func unheard(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("%w: %w", errNotDone, err)
	}
	return err
}

// askGoClient appends in a session, at any server, however often that is tried.
func (w *serverWorkload) askGoClient(ctx context.Context, q *question) (any, error) {
	place, err := w.goClient.Append(ctx, value.Int(q.value))
	switch {
	case errors.Is(err, listclient.ErrNotDone):
		return nil, fmt.Errorf("%w: %w", errNotDone, err)
	case err != nil:
		return nil, err
	}
	return w.appended(q, int64(place.Index)), nil
}

func (w *serverWorkload) request(ctx context.Context, q *question) (*http.Request, error) {
	method, path, body := http.MethodGet, "", ""
	switch q.deed {
	case appendOld:
		method, path = http.MethodPost, "/proposer/client-request"
		body = fmt.Sprintf(`{"client_id": %d, "command_id": 1, "payload": %d}`, q.server, q.value)
	case appendOne:
		method, path = http.MethodPost, "/v1/list"
		body = fmt.Sprintf(`{"value": %d}`, q.value)
	case readWhole:
		path = "/v1/list?format=ndjson"
	case readLast:
		path = "/v1/list?format=ndjson&from=" + strconv.FormatInt(q.index, 10)
	case readLength:
		path = "/v1/list/length"
	case readEntry:
		path = "/v1/list/" + strconv.FormatInt(q.index, 10)
	}
	return http.NewRequestWithContext(ctx, method, w.cluster.URL(q.server, path), strings.NewReader(body))
}

// read reads a good answer.
func (w *serverWorkload) read(q *question, answer *http.Response) (any, error) {
	switch q.deed {
	case appendOld:
		return w.readState(q, answer.Body)
	case appendOne:
		var a struct{ Index *int64 }
		if err := json.NewDecoder(answer.Body).Decode(&a); err != nil {
			return nil, err
		}
		if a.Index == nil {
			return nil, fmt.Errorf("%w: no index", errForbidden)
		}
		return w.appended(q, *a.Index), nil
	}
	length, err := strconv.ParseInt(answer.Header.Get("Paxos-Length"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: no length of the list: %w", errForbidden, err)
	}
	w.saw(length)
	switch q.deed {
	case readLength:
		return history.Length{Length: length}, nil
	case readEntry:
		return readOne(q, answer, length)
	}
	values, err := readLines(answer)
	if err != nil {
		return nil, err
	}
	if q.deed == readLast {
		return lastOf(values, q.index, length)
	}
	w.moved.Add(int64(len(values)))
	if int64(len(values)) != length {
		return nil, fmt.Errorf("%w: a list of %d entries that should have %d", errForbidden, len(values), length)
	}
	return written(values), nil
}

// appended is the answer to an append that tells the place only.
func (w *serverWorkload) appended(q *question, index int64) any {
	w.saw(index + 1)
	if w.register {
		return q.value
	}
	return history.Appended{Value: q.value, Index: index}
}

// readState reads the answer of the old endpoint.
func (w *serverWorkload) readState(q *question, body io.Reader) (any, error) {
	var a struct{ State []int64 }
	if err := json.NewDecoder(body).Decode(&a); err != nil {
		return nil, err
	}
	n := int64(len(a.State))
	w.saw(n)
	w.moved.Add(n)
	if n > mostWritten {
		return history.AppendedWhole(q.value, a.State), nil
	}
	return history.Appended{Value: q.value, Index: history.Unknown, State: a.State}, nil
}

// mostWritten is how long a list may be to stand in the history as it is; of longer ones
// there are length and hash.
const mostWritten = 1000

func written(values []int64) any {
	if len(values) > mostWritten {
		return history.Whole(values)
	}
	return history.List(values)
}

func readOne(q *question, answer *http.Response, length int64) (any, error) {
	e := history.Entry{Index: q.index, Found: answer.StatusCode == http.StatusOK, Length: length}
	var a struct{ Value *int64 }
	if err := json.NewDecoder(answer.Body).Decode(&a); err != nil || !e.Found {
		return e, err
	}
	if a.Value == nil {
		return nil, fmt.Errorf("%w: an entry without a value", errForbidden)
	}
	e.Value = *a.Value
	return e, nil
}

// lastOf is the register's value, of a list that was read from an index on. It is nil
// where the list is empty.
func lastOf(values []int64, from, length int64) (any, error) {
	switch {
	case len(values) > 0:
		return values[len(values)-1], nil
	case length == 0:
		return nil, nil
	}
	return nil, fmt.Errorf("%w: a list of %d entries, of which %d were seen before: that is not linearizable", errForbidden, length, from+1)
}

// readLines reads integers, one a line. An answer that was cut off is an error of the
// transfer, or one entry short of what its head says.
func readLines(answer *http.Response) (values []int64, err error) {
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		v, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("a list with an entry that was never appended: %w", err)
		}
		values = append(values, v)
	}
	return values, lines.Err()
}

// failure is what a server says that did not do what it was asked for.
func failure(answer *http.Response) error {
	var f struct {
		Error struct{ Code, Message, Outcome string }
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 10_000))
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", answer.Status, err)
	case f.Error.Outcome == "not_done":
		return fmt.Errorf("%w: %s: %s", errNotDone, answer.Status, f.Error.Message)
	case f.Error.Outcome != "unknown":
		return fmt.Errorf("%w: %s", errForbidden, text)
	}
	return fmt.Errorf("%s: %s", answer.Status, f.Error.Message)
}
