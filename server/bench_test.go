package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"paxos/node"
	"paxos/server/servertest"
)

// instant is an engine that answers at once.
type instant struct {
	*servertest.Engine
	placed [maxBatch]node.Placed
}

func (e *instant) Append(_ context.Context, payloads [][]byte) ([]node.Placed, error) {
	return e.placed[:len(payloads)], nil
}

// roundTrips sends the same request over keep-alive connections, b.N times
// altogether, as cheaply as can be.
func roundTrips(b *testing.B, addr, request string) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp4", addr)
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		in, out := bufio.NewReader(conn), []byte(request)
		for pb.Next() {
			if _, err := conn.Write(out); err != nil {
				b.Error(err)
				return
			}
			if err := skipAnswer(in); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// skipAnswer reads an answer that must be a 200 with its length.
func skipAnswer(in *bufio.Reader) error {
	length := -1
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !strings.HasPrefix(string(line), "HTTP/1.1 200") {
			return fmt.Errorf("answer %s", line)
		}
		if len(line) == 2 {
			break
		}
		if n, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if _, err := fmt.Sscan(n, &length); err != nil {
				return err
			}
		}
	}
	_, err := in.Discard(length)
	return err
}

func postOf(body string) string {
	return fmt.Sprintf("POST /v1/list HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

var oneValue = `{"value": "` + strings.Repeat("x", 62) + `"}`

// The same request to a handler that reads the body and answers as much: what
// net/http itself takes.
func BenchmarkEmptyHandler(b *testing.B) {
	answer := []byte(`{"index": 0, "instance": 0}` + "\n")
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body [128]byte
		_, _ = io.ReadFull(r.Body, body[:r.ContentLength])
		w.Header()["Content-Type"] = typeJSON
		_, _ = w.Write(answer)
	}))
	defer hs.Close()
	roundTrips(b, hs.Listener.Addr().String(), postOf(oneValue))
}

func BenchmarkAppend(b *testing.B) {
	f := newFront(b, nil, Options{Engine: &instant{Engine: servertest.New()}})
	roundTrips(b, f.addr, postOf(oneValue))
}

// 100 values of 64 bytes a request.
func BenchmarkAppend100(b *testing.B) {
	f := newFront(b, nil, Options{Engine: &instant{Engine: servertest.New()}})
	v := `"` + strings.Repeat("x", 62) + `"`
	roundTrips(b, f.addr, postOf(`{"values": [`+strings.Repeat(v+", ", 99)+v+`]}`))
}

func BenchmarkEntry(b *testing.B) {
	e := servertest.New()
	fill(b, e, 10_000)
	f := newFront(b, e, Options{})
	for name, index := range map[string]int{"memory": 9999, "chunk": 5000} {
		b.Run(name, func(b *testing.B) {
			roundTrips(b, f.addr, fmt.Sprintf("GET /v1/list/%d HTTP/1.1\r\nHost: x\r\n\r\n", index))
		})
	}
}

// A list of a million integers, of which nearly all are in chunks, in one answer.
func BenchmarkWholeList(b *testing.B) {
	e := servertest.New()
	fill(b, e, 1_000_000)
	f := newFront(b, e, Options{})
	b.ReportAllocs()
	for b.Loop() {
		resp, err := f.client.Get("http://" + f.addr + "/v1/list")
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if err != nil {
			b.Fatal(err)
		}
		_ = resp.Body.Close()
		b.SetBytes(n)
	}
}
