package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"paxos/internal/config"
	"paxos/server/value"
)

// appendOld appends an integer by one request to POST /proposer/client-request, and
// writes the answer, the whole list, as it comes. Another server is asked only
// where the request was not sent to the first, or where that says that it cannot do
// it, and did not: this request must not be repeated.
func (s listServers) appendOld(ctx context.Context, v value.Value, out io.Writer) error {
	var errs []error
	for _, server := range s.asked {
		r := oldRequest{listServers: s, server: server, value: v}
		err := r.do(ctx, out)
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("server %d (%s): %w", server.ID, server.Address(), err))
		if r.sent.Load() && !elsewhere(err) || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// elsewhere reports whether a server that was removed, or is stopping, sends its
// clients away.
func elsewhere(err error) bool {
	var refused *refusal
	return errors.As(err, &refused) && refused.Code == "unavailable" && refused.Outcome == "not_done"
}

// oldRequest is one request to one server.
type oldRequest struct {
	listServers
	server config.Server
	value  value.Value
	sent   atomic.Bool // or a part of it
}

func (r *oldRequest) do(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// The list may be long: the time for it to arrive begins anew with each part.
	patience := time.AfterFunc(r.timeout, func() { cancel(fmt.Errorf("no answer within %s", r.timeout)) })
	defer patience.Stop()
	answer, err := r.post(ctx)
	if err != nil {
		return r.failure(causeOr(ctx, err))
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return r.failure(refusedOld(answer))
	}
	if err := copyState(&patient{in: answer.Body, timer: patience, patience: r.timeout}, out); err != nil {
		return fmt.Errorf("it was appended, but the answer broke off: %w", causeOr(ctx, err))
	}
	return nil
}

func (r *oldRequest) post(ctx context.Context) (*http.Response, error) {
	scheme := "http://"
	if r.tls != nil {
		scheme = "https://"
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { r.sent.Store(true) }})
	body := fmt.Sprintf(`{"client_id": %d, "command_id": 1, "payload": %s}`, os.Getpid(), r.value)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+r.server.Address()+"/proposer/client-request", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	// A new connection, and so none on which net/http would repeat the request.
	client := http.Client{Transport: &http.Transport{TLSClientConfig: r.listServers.tls, DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if wrapped, ok := err.(*url.Error); ok {
		err = wrapped.Err // the address stands before it already
	}
	return answer, err
}

// failure adds to an error that the outcome is unknown, where it is.
func (r *oldRequest) failure(err error) error {
	var refused *refusal
	if !r.sent.Load() || errors.As(err, &refused) && refused.Outcome == "not_done" {
		return err
	}
	return fmt.Errorf("%w (outcome: unknown: it may be appended, or may be later)", err)
}

// causeOr is why the context ended, if it did, else err.
func causeOr(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// refusal is a server's answer that it did not append.
type refusal struct {
	Code, Message, Outcome string
}

func (r *refusal) Error() string { return r.Message }

func refusedOld(answer *http.Response) error {
	var body struct{ Error refusal }
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil || json.Unmarshal(text, &body) != nil || body.Error.Message == "" {
		return fmt.Errorf("it answered %s", answer.Status)
	}
	return &body.Error
}

// patient is a reader that gives each part of a body its own time.
type patient struct {
	in       io.Reader
	timer    *time.Timer
	patience time.Duration
}

func (p *patient) Read(b []byte) (int, error) {
	n, err := p.in.Read(b)
	p.timer.Reset(p.patience)
	return n, err
}

// copyState writes the list of {"state": [...]} as it comes.
func copyState(body io.Reader, out io.Writer) error {
	d := json.NewDecoder(bufio.NewReaderSize(body, 64<<10))
	for _, want := range []any{json.Delim('{'), "state", json.Delim('[')} {
		if got, err := d.Token(); err != nil || got != want {
			return errors.Join(fmt.Errorf("it is no list: %v instead of %v", got, want), err)
		}
	}
	w := newListWriter(out)
	for d.More() {
		var entry json.RawMessage
		if err := d.Decode(&entry); err != nil {
			return whole(err)
		}
		w.entry(string(entry))
	}
	for range 2 { // the array ends, and the object
		if _, err := d.Token(); err != nil {
			return whole(err)
		}
	}
	return w.end()
}

// whole makes an error of an end that came too early.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// listWriter writes a list as [1, 2, 3] on one line.
type listWriter struct {
	out   *bufio.Writer
	count int
}

func newListWriter(out io.Writer) *listWriter {
	w := &listWriter{out: bufio.NewWriterSize(out, 64<<10)}
	_ = w.out.WriteByte('[') // errors stay, and end returns them
	return w
}

func (w *listWriter) entry(text string) {
	if w.count > 0 {
		_, _ = w.out.WriteString(", ")
	}
	w.count++
	_, _ = w.out.WriteString(text)
}

// end ends the line. That nobody reads any more is no failure.
func (w *listWriter) end() error {
	_, _ = w.out.WriteString("]\n")
	if err := w.out.Flush(); err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("print the list: %w", err)
	}
	return nil
}
