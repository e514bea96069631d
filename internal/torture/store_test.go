package torture

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// beStore in the environment makes this test binary a key-value store, such as a user's
// program is one: the first peer keeps everything in memory, the others ask it. A sound
// one is linearizable as long as the first peer lives.
const (
	beStore      = "PAXOS_TEST_BE_STORE"
	sound        = "sound"
	forgetting   = "forgetting"   // acknowledges a write in ten that it does not do
	remembering  = "remembering"  // others than the first peer answer reads with what they have read before
	carelessSwap = "carelessSwap" // a compare and set looks first, and writes a moment later
	babbling     = "babbling"     // answers with a status that the interface does not have
)

// store is a node of it.
type store struct {
	kind  string
	first string // address of the first peer; empty: this is it

	mu     sync.Mutex
	values map[string]string
	writes int
}

// playStore is the program.
func playStore(kind string) {
	listen, peers := flag.String("listen", "", ""), flag.String("peers", "", "")
	flag.String("dir", "", "")
	flag.Bool("init", false, "")
	flag.Parse()
	s := &store{kind: kind, values: make(map[string]string)}
	if first, _, _ := strings.Cut(*peers, ","); first != *listen {
		s.first = first
	}
	server := &http.Server{Addr: *listen, Handler: s}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.ListenAndServe(); ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	status, answer := s.do(r, string(body))
	if status == http.StatusServiceUnavailable {
		answer = fmt.Sprintf(`{"error": %q, "outcome": "unknown"}`, answer)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func (s *store) do(r *http.Request, body string) (status int, answer string) {
	if s.first == "" {
		return s.here(r, body)
	}
	s.mu.Lock()
	old, has := s.values[r.URL.Path]
	s.mu.Unlock()
	if s.kind == remembering && r.Method == http.MethodGet && has {
		return http.StatusOK, old
	}
	return s.ask(r, body)
}

// here does a request at the first peer.
func (s *store) here(r *http.Request, body string) (status int, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, has := s.values[r.URL.Path]
	wanted, conditional := r.URL.Query().Get("if"), r.URL.Query().Has("if")
	switch {
	case s.kind == babbling && s.writes > 50:
		return http.StatusTeapot, ""
	case r.Method == http.MethodGet && has:
		return http.StatusOK, old
	case r.Method == http.MethodGet:
		return http.StatusNotFound, ""
	case conditional && (!has || old != wanted):
		return http.StatusPreconditionFailed, ""
	}
	if s.writes++; s.kind == forgetting && s.writes%10 == 0 {
		return http.StatusNoContent, ""
	}
	if conditional && s.kind == carelessSwap {
		s.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		s.mu.Lock()
	}
	if s.values[r.URL.Path] = body; r.Method == http.MethodDelete {
		delete(s.values, r.URL.Path)
	}
	return http.StatusNoContent, ""
}

// ask sends a request on to the first peer.
func (s *store) ask(r *http.Request, body string) (status int, answer string) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	on, err := http.NewRequestWithContext(ctx, r.Method, "http://"+s.first+r.URL.RequestURI(), strings.NewReader(body))
	if err != nil {
		return http.StatusServiceUnavailable, err.Error()
	}
	back, err := http.DefaultClient.Do(on)
	if err != nil {
		return http.StatusServiceUnavailable, err.Error()
	}
	defer back.Body.Close()
	text, err := io.ReadAll(back.Body)
	if err != nil {
		return http.StatusServiceUnavailable, err.Error()
	}
	if back.StatusCode == http.StatusOK {
		s.mu.Lock()
		s.values[r.URL.Path] = string(text)
		s.mu.Unlock()
	}
	return back.StatusCode, string(text)
}
