package listclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Outcome is what became of the command that a failed call was about.
type Outcome string

const (
	NotDone Outcome = "not_done" // it was not carried out and will not be
	Unknown Outcome = "unknown"  // it may have been carried out, or may be later, once
	Done    Outcome = "done"     // it was carried out, but the answer is lost
)

// Classes of errors, for errors.Is. An [Error] is of the class of its outcome and
// of the class of its code.
var (
	ErrNotDone = errors.New("not done")
	ErrUnknown = errors.New("outcome unknown")

	ErrBadRequest   = errors.New("bad request")
	ErrUnauthorized = errors.New("token missing or wrong")
	ErrNotFound     = errors.New("not found")
	ErrConflict     = errors.New("not possible now")
	ErrExpired      = errors.New("session expired")
	ErrForgotten    = errors.New("appended, but its place is not known any more")
	ErrTooLarge     = errors.New("value too large")
	ErrBusy         = errors.New("server busy")
	ErrUnavailable  = errors.New("no server could do it in time")
	ErrNoSpace      = errors.New("a disk is nearly full")
	ErrClosed       = errors.New("client closed")
)

// Codes that the servers use, and those of the client's own.
const (
	codeBadRequest  = "bad_request"
	codeOutOfTurn   = "out_of_turn"
	codeExpired     = "session_expired"
	codeTooLarge    = "too_large"
	codeNotFound    = "not_found"
	codeBusy        = "busy"
	codeTimeout     = "timeout"
	codeUnreachable = "unreachable" // no connection to the server
	codeBroken      = "broken"      // the connection broke, or no answer came in time
	codeStale       = "stale"       // a connection that was kept open had been closed
	codeBadAnswer   = "bad_answer"  // the answer was not what the API says
	codeCancelled   = "cancelled"   // the caller's context ended
	codeClosed      = "closed"
)

var classes = map[string]error{
	codeBadRequest: ErrBadRequest, "unauthorized": ErrUnauthorized, codeNotFound: ErrNotFound, "conflict": ErrConflict,
	codeExpired: ErrExpired, "forgotten": ErrForgotten, codeTooLarge: ErrTooLarge, codeBusy: ErrBusy,
	codeTimeout: ErrUnavailable, "unavailable": ErrUnavailable, codeUnreachable: ErrUnavailable, codeBroken: ErrUnavailable,
	codeStale: ErrUnavailable, "no_space": ErrNoSpace, codeClosed: ErrClosed,
}

// Error is what every call of a [Client] fails with.
type Error struct {
	Code    string  // as in the HTTP API, or one of the client's own: unreachable, broken, bad_answer, cancelled, closed
	Message string  // for people
	Outcome Outcome // of an append or a change; reads are always NotDone
	Server  string  // that said so, or was asked last; may be empty
	Err     error   // the cause, if there is one: the context's error, a network error
}

func (e *Error) Error() string {
	s := e.Message
	if e.Err != nil {
		s = fmt.Sprintf("%s: %v", s, e.Err)
	}
	if e.Server != "" {
		s = "server " + e.Server + ": " + s
	}
	return fmt.Sprintf("%s (%s, outcome: %s)", s, e.Code, e.Outcome)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is says whether the error is of a class: that of its outcome, or that of its code.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrNotDone:
		return e.Outcome == NotDone
	case ErrUnknown:
		return e.Outcome == Unknown
	}
	class := classes[e.Code]
	return class != nil && target == class
}

// with gives a copy with another outcome.
func (e *Error) with(o Outcome) *Error {
	copied := *e
	copied.Outcome = o
	return &copied
}

// final says that asking again, here or elsewhere, would get the same answer.
func (e *Error) final() bool {
	switch e.Code {
	case codeOutOfTurn, codeBusy, codeTimeout, "unavailable", "internal", codeUnreachable, codeBroken, codeStale, codeBadAnswer:
		return false
	}
	return true
}

// refusal reads the error that a server answered with.
func refusal(server string, status int, body []byte) *Error {
	var a struct {
		Error struct {
			Code    string  `json:"code"`
			Message string  `json:"message"`
			Outcome Outcome `json:"outcome"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &a); err != nil || a.Error.Code == "" {
		return badAnswer(server, fmt.Sprintf("status %d %s without an error of the API", status, http.StatusText(status)))
	}
	e := &Error{Code: a.Error.Code, Message: a.Error.Message, Outcome: a.Error.Outcome, Server: server}
	if e.Outcome != NotDone && e.Outcome != Done {
		e.Outcome = Unknown // what we do not understand may mean anything
	}
	return e
}

func badAnswer(server, what string) *Error {
	return &Error{Code: codeBadAnswer, Message: what, Outcome: Unknown, Server: server}
}

func cancelled(o Outcome, cause error) *Error {
	return &Error{Code: codeCancelled, Message: "the caller did not wait any longer", Outcome: o, Err: cause}
}

func closed(o Outcome) *Error {
	return &Error{Code: codeClosed, Message: "the client was closed", Outcome: o}
}
