package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/engine"
)

// command is what the replicated list holds, in JSON.
type command struct {
	Delete          bool
	Key, Value, Old []byte // Old: only in place of this value; nil: in any case
}

type store map[string][]byte // the state machine

// Apply returns whether the old value was as it should be.
func (s store) Apply(data []byte) any {
	var c command
	if err := json.Unmarshal(data, &c); err != nil {
		return false // nobody proposes such
	}
	if old, found := s[string(c.Key)]; c.Old != nil && (!found || string(old) != string(c.Old)) {
		return false
	}
	if s[string(c.Key)] = c.Value; c.Delete {
		delete(s, string(c.Key))
	}
	return true
}

func (s store) Snapshot(w io.Writer) error { return json.NewEncoder(w).Encode(s) }

func (s store) Restore(r io.Reader) error {
	clear(s)
	return json.NewDecoder(r).Decode(&s)
}

// server answers /kv/KEY.
type server struct {
	engine *engine.Engine
	store  store
}

func (s server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	c := command{Key: []byte(r.PathValue("key")), Delete: r.Method == http.MethodDelete}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		var found bool
		err := s.engine.Query(ctx, func() { c.Value, found = s.store[string(c.Key)] })
		answer(w, err, found, http.StatusNotFound, http.StatusOK, c.Value)
		return
	}
	var err error
	if c.Value, err = io.ReadAll(http.MaxBytesReader(w, r.Body, 8<<10)); err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if query := r.URL.Query(); query.Has("if") {
		c.Old = []byte(query.Get("if"))
	}
	data, _ := json.Marshal(c) // bytes always have a form in JSON
	done, err := s.engine.Propose(ctx, data)
	answer(w, err, done == true, http.StatusPreconditionFailed, http.StatusNoContent, nil)
}

func answer(w http.ResponseWriter, err error, good bool, bad, status int, body []byte) {
	switch {
	case err != nil:
		outcome := map[bool]string{true: "unknown", false: "not_done"}[errors.Is(err, engine.ErrUnknown)]
		body, _ = json.Marshal(map[string]string{"error": err.Error(), "outcome": outcome})
		status = map[bool]int{true: http.StatusRequestEntityTooLarge, false: http.StatusServiceUnavailable}[errors.Is(err, engine.ErrTooLong)]
	case !good:
		status, body = bad, nil
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func main() {
	listen := flag.String("listen", "", "this server's HOST:PORT, one of the peers")
	peers := flag.String("peers", "", "all servers' HOST:PORT, separated by commas")
	dir := flag.String("dir", "", "folder of the store")
	first := flag.Bool("init", false, "make the store: at the very first start only")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	state := store{}
	e, err := engine.Start(ctx, engine.Options{
		Self: *listen, Peers: strings.Split(*peers, ","), Dir: *dir, Init: *first,
		Machine: state, Mount: true, Log: hclog.Default(),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, method := range []string{"GET ", "PUT ", "DELETE "} { // GET is for HEAD, too
		http.Handle(method+"/kv/{key...}", server{e, state})
	}
	http.Handle(engine.PeerPath, e.PeerHandler())
	http.Handle("GET "+engine.BackupPath, e.BackupHandler())
	go func() { log.Fatal(http.ListenAndServe(*listen, nil)) }()
	go func() { <-e.Failed(); stop() }()
	<-ctx.Done()
	if err := e.Stop(); err != nil {
		log.Fatal(err)
	}
}
