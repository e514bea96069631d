package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"paxos/node"
)

// The outcomes of a request that failed.
const (
	notDone = "not_done" // nothing was done, and nothing will be
	unknown = "unknown"  // it may have been done, may be later, or never
	done    = "done"     // it was done
)

// failure is an error as the client sees it.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Outcome string `json:"outcome"`
	status  int
	again   bool   // with Retry-After: it is worth another try soon
	allow   string // for Allow: the methods that there are
	hangUp  bool   // what follows on the connection is not worth reading
}

func (f *failure) Error() string { return f.Code + ": " + f.Message }

func bad(format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, Code: "bad_request", Outcome: notDone, Message: fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) *failure {
	return &failure{status: http.StatusNotFound, Code: "not_found", Outcome: notDone, Message: fmt.Sprintf(format, args...)}
}

func tooLarge(format string, args ...any) *failure {
	return &failure{status: http.StatusRequestEntityTooLarge, Code: "too_large", Outcome: notDone, Message: fmt.Sprintf(format, args...)}
}

func busy(format string, args ...any) *failure {
	return &failure{status: http.StatusTooManyRequests, Code: "busy", Outcome: notDone, again: true, Message: fmt.Sprintf(format, args...)}
}

func unavailable(format string, args ...any) *failure {
	return &failure{status: http.StatusServiceUnavailable, Code: "unavailable", Outcome: notDone, again: true, Message: fmt.Sprintf(format, args...)}
}

func conflict(err error) *failure {
	return &failure{status: http.StatusConflict, Code: "conflict", Outcome: notDone, Message: err.Error()}
}

// engineErrors is what the errors of an Engine are outside. The first that
// matches counts: an unknown outcome goes before everything else.
var engineErrors = []struct {
	err error
	failure
}{
	{node.ErrUnknown, failure{status: http.StatusServiceUnavailable, Code: "timeout", Outcome: unknown, again: true}},
	{node.ErrExpired, failure{status: http.StatusGone, Code: "session_expired", Outcome: unknown}},
	{node.ErrForgotten, failure{status: http.StatusGone, Code: "forgotten", Outcome: done}},
	{node.ErrOutOfTurn, failure{status: http.StatusConflict, Code: "out_of_turn", Outcome: notDone}},
	{node.ErrTooLong, failure{status: http.StatusRequestEntityTooLarge, Code: "too_large", Outcome: notDone}},
	{node.ErrBusy, failure{status: http.StatusTooManyRequests, Code: "busy", Outcome: notDone, again: true}},
	{node.ErrFull, failure{status: http.StatusInsufficientStorage, Code: "no_space", Outcome: notDone}},
	{node.ErrConflict, failure{status: http.StatusConflict, Code: "conflict", Outcome: notDone}},
	{node.ErrRemoved, failure{status: http.StatusServiceUnavailable, Code: "unavailable", Outcome: notDone}},
	{node.ErrStopped, failure{status: http.StatusServiceUnavailable, Code: "unavailable", Outcome: notDone, again: true}},
	{context.DeadlineExceeded, failure{status: http.StatusServiceUnavailable, Code: "unavailable", Outcome: notDone, again: true}},
	{context.Canceled, failure{status: http.StatusServiceUnavailable, Code: "unavailable", Outcome: notDone, again: true}},
}

// known is the failure that stands for an error of package node, or a context.
func known(err error) *failure {
	for _, e := range engineErrors {
		if errors.Is(err, e.err) {
			f := e.failure
			f.Message = err.Error()
			return &f
		}
	}
	return nil
}

// explain is the failure that stands for any error.
func explain(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	if f = known(err); f != nil {
		return f
	}
	return &failure{status: http.StatusInternalServerError, Code: "internal", Outcome: unknown, Message: err.Error()}
}

// body is the failure as JSON.
func (f *failure) body() []byte {
	text, err := json.Marshal(struct {
		Error *failure `json:"error"`
	}{f})
	if err != nil {
		panic("server: failures are JSON: " + err.Error())
	}
	return append(text, '\n')
}
