package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// keyDeed is one kind of operation on a key.
type keyDeed uint8

const (
	readKey keyDeed = iota
	writeKey
	swapKey   // compare and set
	deleteKey // writes nothing
)

// keyQuestion is one request to a member of a key-value store. Values are more than 0.
type keyQuestion struct {
	deed  keyDeed
	node  int
	key   int64
	old   int64 // what a compare and set wants to find
	value int64 // to write
}

// errDifferent is the answer to a compare and set that found something else, or nothing.
var errDifferent = fmt.Errorf("%w: it holds something else, or nothing", errNotDone)

func keyPath(key string) string { return "/kv/" + url.PathEscape(key) }

func (q *keyQuestion) request(ctx context.Context, f *programFleet) (*http.Request, error) {
	method, path, body := http.MethodGet, keyPath(strconv.FormatInt(q.key, 10)), ""
	switch q.deed {
	case writeKey:
		method, body = http.MethodPut, textOf(q.value)
	case swapKey:
		method, body = http.MethodPut, textOf(q.value)
		path += "?if=" + textOf(q.old)
	case deleteKey:
		method = http.MethodDelete
	}
	return http.NewRequestWithContext(ctx, method, f.url(q.node, path), strings.NewReader(body))
}

// textOf is how a value is written: its digits, and dots up to one of 8 sizes from 8 bytes to 1 KiB. So
// a store's logs and snapshots grow within a short run, and a text that was cut is noticed.
func textOf(value int64) string {
	digits := strconv.FormatInt(value, 10)
	return digits + strings.Repeat(".", max(0, 8<<(value%8)-len(digits)))
}

// valueOf is the value that was written as a text.
func valueOf(text string) (int64, error) {
	digits, _, _ := strings.Cut(text, ".")
	value, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || value <= 0 || textOf(value) != text {
		return 0, fmt.Errorf("%w: a value that nobody wrote: %.100q", errForbidden, text)
	}
	return value, nil
}

// ask sends a question. What a read found is 0 for nothing.
func (f *programFleet) ask(ctx context.Context, q *keyQuestion) (found int64, err error) {
	r, err := q.request(ctx, f)
	if err != nil {
		return 0, err
	}
	answer, err := f.client.Do(r)
	if err != nil {
		return 0, unheard(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if err != nil {
		return 0, err
	}
	return q.understand(answer.StatusCode, string(body))
}

// mostAnswer is how much of an answer is read, in bytes: more than any should have.
const mostAnswer = 10_000

// understand takes an answer as the interface means it.
func (q *keyQuestion) understand(status int, body string) (found int64, err error) {
	switch {
	case q.deed == readKey && status == http.StatusOK:
		return valueOf(body)
	case q.deed == readKey && status == http.StatusNotFound:
		return 0, nil
	case q.deed != readKey && status == http.StatusNoContent:
		return 0, nil
	case q.deed == swapKey && status == http.StatusPreconditionFailed:
		return 0, errDifferent
	case status == http.StatusServiceUnavailable:
		return 0, unavailable(body)
	}
	return 0, fmt.Errorf("%w: status %d: %s", errForbidden, status, body)
}

// unavailable is what a member says that did not do what it was asked for.
func unavailable(body string) error {
	var f struct{ Error, Outcome string }
	if err := json.Unmarshal([]byte(body), &f); err != nil {
		return fmt.Errorf("%w: status 503 without JSON: %w: %q", errForbidden, err, body)
	}
	switch f.Outcome {
	case "not_done":
		return fmt.Errorf("%w: %s", errNotDone, f.Error)
	case "unknown":
		return errors.New(f.Error)
	}
	return fmt.Errorf("%w: status 503 with the outcome %q", errForbidden, f.Outcome)
}
