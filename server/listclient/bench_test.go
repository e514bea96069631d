package listclient

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"paxos/server/value"
)

// text64 is a value of 64 bytes as JSON.
var text64 = value.String(strings.Repeat("x", 62))

// callers runs b.N calls in n goroutines.
func callers(b *testing.B, n int, call func() error) {
	b.ReportAllocs()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var running sync.WaitGroup
	for range n {
		running.Go(func() {
			for left.Add(-1) >= 0 {
				if err := call(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 8, 64, 256, 1024} {
		b.Run(fmt.Sprintf("callers=%d", n), func(b *testing.B) {
			f := newFake()
			_, names := f.open(b, 1)
			c := open(b, names)
			ctx := context.Background()
			callers(b, n, func() error {
				_, err := c.Append(ctx, text64)
				return err
			})
			b.ReportMetric(float64(b.N)/float64(f.count("/v1/list")), "values/request")
		})
	}
}

// BenchmarkNetHTTP is what one caller gets with net/http's client, for comparison.
func BenchmarkNetHTTP(b *testing.B) {
	f := newFake()
	_, names := f.open(b, 1)
	f.openSession(io.Discard, []byte(`{"nonce": "x"}`))
	seq := 0
	callers(b, 1, func() error {
		seq++
		body := fmt.Sprintf(`{"client":1,"seq":%d,"values":[%s]}`, seq, text64)
		answer, err := http.Post("http://"+names[0]+"/v1/list", "application/json", strings.NewReader(body))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		_, err = io.ReadAll(answer.Body)
		return err
	})
}

// BenchmarkGo keeps up to 1024 values under way from one goroutine.
func BenchmarkGo(b *testing.B) {
	f := newFake()
	_, names := f.open(b, 1)
	c := open(b, names)
	room := make(chan struct{}, 1024)
	done := func(_ Position, err error) {
		if err != nil {
			b.Error(err)
		}
		<-room
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		room <- struct{}{}
		c.Go(context.Background(), text64, done)
	}
	for range cap(room) {
		room <- struct{}{}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(b.N)/float64(f.count("/v1/list")), "values/request")
}

// BenchmarkBegin keeps so many values under way from one goroutine, which waits for the oldest.
func BenchmarkBegin(b *testing.B) {
	for _, n := range []int{64, 1024} {
		b.Run(fmt.Sprintf("underway=%d", n), func(b *testing.B) {
			f := newFake()
			_, names := f.open(b, 1)
			c := open(b, names)
			ctx := context.Background()
			window := make([]Pending, n)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N + n {
				p := &window[i%n]
				if i >= n {
					if _, err := p.Wait(ctx); err != nil {
						b.Fatal(err)
					}
				}
				if i < b.N {
					*p = c.Begin(ctx, text64)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
			b.ReportMetric(float64(b.N)/float64(f.count("/v1/list")), "values/request")
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, n := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("callers=%d", n), func(b *testing.B) {
			f := newFake()
			for range 1024 {
				f.list = append(f.list, text64.String())
			}
			_, names := f.open(b, 1)
			c := open(b, names)
			ctx := context.Background()
			var next atomic.Uint64
			callers(b, n, func() error {
				_, err := c.Get(ctx, next.Add(1)&1023)
				return err
			})
			b.ReportMetric(float64(b.N)/float64(f.count("/v1/list")), "entries/request")
		})
	}
}
