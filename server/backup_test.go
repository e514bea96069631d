package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"paxos/node"
	"paxos/recovery/backup"
	"paxos/server/servertest"
)

// With chunks that left memory, chunks that did not, and a tail.
func TestABackupHasAllThatTheListHas(t *testing.T) {
	e := servertest.New()
	f := newFront(t, nil, Options{Engine: e})
	for n := range 5 {
		var payloads [][]byte
		for i := range 1000 {
			payloads = append(payloads, fmt.Appendf(nil, "%d", n*1000+i))
		}
		if _, err := e.Append(context.Background(), payloads); err != nil {
			t.Fatal(err)
		}
		if n == 2 {
			e.Checkpoint()
		}
	}
	for _, query := range []string{"", "?consistency=local"} {
		answer, err := http.Get("http://" + f.addr + "/v1/backup" + query)
		if err != nil {
			t.Fatal(err)
		}
		file, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v", answer.Status, err)
		}
		h, err := backup.Verify(bytes.NewReader(file))
		if err != nil || h.Length != 5000 || h.Chunks != 4 {
			t.Errorf("%d bytes: %+v, %v", len(file), h, err)
		}
	}
}

func TestABackupThatCannotBeMadeIsRefused(t *testing.T) {
	e := servertest.New()
	e.Before = func(_ context.Context, method string) error {
		if method == "Barrier" {
			return node.ErrStopped
		}
		return nil
	}
	f := newFront(t, nil, Options{Engine: e})
	for query, want := range map[string]int{"": 503, "?consistency=local": 200, "?consistency=strong": 400, "?from=3": 400} {
		answer, err := http.Get("http://" + f.addr + "/v1/backup" + query)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%q: %s, want %d", query, answer.Status, want)
		}
	}
}

// Who reads a part must not take it for the whole.
func TestABackupThatBreaksOffIsAborted(t *testing.T) {
	e := servertest.New()
	f := newFront(t, nil, Options{Engine: lostChunks{e}})
	for range 40 {
		if _, err := e.Append(context.Background(), manyPayloads(1000)); err != nil {
			t.Fatal(err)
		}
	}
	e.Checkpoint()
	answer, err := http.Get("http://" + f.addr + "/v1/backup")
	if err != nil {
		return // it broke before the head of the answer left
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err == nil && answer.StatusCode == http.StatusOK {
		t.Error("a part of a backup came as a whole answer")
	}
}

func manyPayloads(n int) (all [][]byte) {
	for i := range n {
		all = append(all, fmt.Appendf(nil, `"%d %s"`, i, strings.Repeat("x", i%200)))
	}
	return all
}

// lostChunks lacks a chunk.
type lostChunks struct{ *servertest.Engine }

func (l lostChunks) Chunk(n uint64) ([]byte, error) {
	if n == 30 {
		return nil, errors.New("lost")
	}
	return l.Engine.Chunk(n)
}
