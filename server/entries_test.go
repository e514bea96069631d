package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/list"
	"paxos/server/servertest"
)

// Readers get a list without gaps while it grows and leaves memory under them.
func TestReadingGoesOnWhileTheListGrowsAndIsCheckpointed(t *testing.T) {
	e := servertest.New()
	fill(t, e, 3000)
	f := newFront(t, e, Options{})
	watched, closeIt := f.events("/v1/watch?from=0")
	defer closeIt()
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for range 10 {
				checkWhole(t, f)
			}
		})
	}
	for n := 3000; n < 30_000; n += 600 {
		var values []string
		for i := range 600 {
			values = append(values, fmt.Sprint(n+i))
		}
		f.post("/v1/list", `{"values": [`+strings.Join(values, ",")+`]}`)
		e.Checkpoint()
	}
	readers.Wait()
	for i := range 30_000 {
		f.equal(watched(), fmt.Sprintf("%d=%d", i, i))
	}
}

// checkWhole reads the whole list, which must be as long as its headers say.
func checkWhole(t *testing.T, f *front) {
	resp, err := f.client.Get("http://" + f.addr + "/v1/list")
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Values       []int
		Next, Length int
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Error(err)
		return
	}
	if len(got.Values) != got.Length || got.Next != got.Length || fmt.Sprint(got.Length) != resp.Header.Get("Paxos-Length") {
		t.Errorf("%d values, next %d, length %d, header %s", len(got.Values), got.Next, got.Length, resp.Header.Get("Paxos-Length"))
	}
	for i, v := range got.Values {
		if v != i {
			t.Errorf("value %d is %d", i, v)
			return
		}
	}
}

// An answer holds what was acknowledged before the request, and ends at the
// length that it names, though the list grows meanwhile.
func TestTheEndOfAnAnswerIsFixedAtItsStart(t *testing.T) {
	e := servertest.New()
	fill(t, e, 100_000)
	f := newFront(t, e, Options{})
	resp, err := http.Get("http://" + f.addr + "/v1/list?format=ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	f.post("/v1/list", `{"value": "late"}`)
	body, err := io.ReadAll(resp.Body)
	if n := strings.Count(string(body), "\n"); err != nil || n != 100_000 || strings.Contains(string(body), "late") {
		t.Errorf("%d lines, %v", n, err)
	}
	f.equal(f.get("/v1/list/100000"), `{"index": 100000, "value": "late"}`)
}

func TestHeadersOfReadsTellHowOldTheyMayBe(t *testing.T) {
	e := servertest.New()
	fill(t, e, 10)
	f := newFront(t, e, Options{})
	barriers := 0
	e.Before = func(_ context.Context, method string) error {
		if method == "Barrier" {
			barriers++
		}
		return nil
	}
	for _, path := range []string{"/v1/list", "/v1/list/3", "/v1/list/length", "/v1/list?at=1"} {
		_, h, _ := f.call("GET", path, "")
		if h.Get("Paxos-Consistency") != "linearizable" || h.Get("Paxos-Applied") != "2" || h.Get("Paxos-Length") != "10" || h.Get("Paxos-Stale-Ms") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	if barriers != 4 {
		t.Errorf("%d barriers for 4 linearizable reads", barriers)
	}
	for stale, want := range map[int]string{-5: "-1", 0: "0", 1234e6: "1234"} {
		e.SetStale(0)
		e.SetStale(e.Status().Stale + time.Duration(stale))
		for _, path := range []string{"/v1/list?", "/v1/list/3?", "/v1/list/length?", "/v1/list?at=1&"} {
			_, h, _ := f.call("GET", path+"consistency=local", "")
			if h.Get("Paxos-Consistency") != "local" || h.Get("Paxos-Stale-Ms") != want {
				t.Errorf("%s: %v, want %s", path, h, want)
			}
		}
	}
	if barriers != 4 {
		t.Errorf("local reads waited for a barrier")
	}
}

// The cache keeps what was used last, within its limit, and always one chunk.
func TestChunksAreKeptUpToALimit(t *testing.T) {
	e := servertest.New()
	fill(t, e, 10*1024)
	size := len(decoded(t, e, 5))
	c := newChunks(e.Chunk, 3*size+size/2)
	read := func(n uint64, fresh bool) {
		t.Helper()
		before := e.ChunksRead()
		if _, err := c.block(n); err != nil {
			t.Fatal(err)
		}
		if got := e.ChunksRead() > before; got != fresh {
			t.Errorf("chunk %d was read afresh: %v", n, got)
		}
	}
	for n := uint64(5); n < 8; n++ {
		read(n, true)
	}
	read(5, false)
	read(8, true) // in the place of 6
	read(5, false)
	read(7, false)
	read(6, true)
	if c.bytes > c.limit || len(c.byNum) != c.recent.Len() {
		t.Errorf("%d bytes, %d and %d chunks", c.bytes, len(c.byNum), c.recent.Len())
	}
	c.limit = 1
	read(9, true)
	read(9, false)
	if c.recent.Len() != 1 {
		t.Errorf("%d chunks are kept", c.recent.Len())
	}
	if _, err := c.block(99); err == nil {
		t.Error("chunk 99 was found")
	}
}

func decoded(t testing.TB, e *servertest.Engine, n uint64) []byte {
	t.Helper()
	encoded, err := e.Chunk(n)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := list.DecodeChunk(nil, encoded)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
