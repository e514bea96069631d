package listclient_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/node"
	"paxos/server"
	"paxos/server/listclient"
	"paxos/server/servertest"
	"paxos/server/value"
)

// serve starts n real servers in front of one engine, and a client of them.
func serve(t testing.TB, e server.Engine, n int, change ...func(*listclient.Config)) *listclient.Client {
	cfg := listclient.Config{Timeout: 2 * time.Minute, DialTimeout: 2 * time.Minute}
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := server.New(server.Options{Engine: e})
		ctx, stop := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { s.Serve(ctx, ln) })
		t.Cleanup(func() { stop(); running.Wait() })
		cfg.Servers = append(cfg.Servers, ln.Addr().String())
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := listclient.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func minute(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestWithRealServers(t *testing.T) {
	e := servertest.New()
	c := serve(t, e, 2)
	var values []value.Value
	for i := range 3000 {
		values = append(values, value.String(fmt.Sprintf("number %d <&> \u2028 \"x\"", i)))
	}
	places, err := c.AppendAll(minute(t), values)
	if err != nil || places[2999].Index != 2999 {
		t.Fatalf("%v", err)
	}
	e.Checkpoint()
	next := 0
	for entry, err := range c.List(minute(t), 0) {
		if err != nil || entry.Value != values[next] || entry.Index != uint64(next) {
			t.Fatalf("entry %d: %v, %v", next, entry, err)
		}
		next++
	}
	v, err := c.Get(minute(t), 1234)
	if err != nil || v != values[1234] || next != 3000 {
		t.Errorf("%v, %v; %d entries listed", v, err, next)
	}
	if _, err := c.Get(minute(t), 3000); !errors.Is(err, listclient.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if n, err := c.Length(minute(t)); n != 3000 || err != nil {
		t.Errorf("%v, %v", n, err)
	}
}

func TestWatchWithRealServers(t *testing.T) {
	c := serve(t, servertest.New(), 1)
	var appending sync.WaitGroup
	appending.Go(func() {
		for i := range 200 {
			if _, err := c.Append(minute(t), value.Int(int64(i))); err != nil {
				t.Error(err)
			}
		}
	})
	next := 0
	for e, err := range c.Watch(minute(t), 0) {
		if err != nil || e.Value != value.Int(int64(next)) {
			t.Fatalf("%v, %v", e, err)
		}
		if next++; next == 200 {
			break
		}
	}
	appending.Wait()
}

func TestTheRestWithRealServers(t *testing.T) {
	e := servertest.New()
	e.Members = append(e.Members, node.Member{ID: 2, Address: "127.0.0.1:5001", Voter: true})
	e.SetStale(30 * time.Millisecond)
	c := serve(t, e, 1)
	for i := range 3 {
		list, err := c.AppendOld(minute(t), "", value.Int(int64(i)))
		if err != nil || len(list) != i+1 || list[i] != value.Int(int64(i)) {
			t.Errorf("%v, %v", list, err)
		}
	}
	st, err := c.Status(minute(t), "")
	if err != nil || st.Length != 3 || st.ID != 1 || !st.Leads || st.Stale() != 30*time.Millisecond {
		t.Errorf("%+v, %v", st, err)
	}
	if leader, err := c.Transfer(minute(t), 0); leader != 2 || err != nil {
		t.Errorf("%v, %v", leader, err)
	}
	if _, err := c.Transfer(minute(t), 9); !errors.Is(err, listclient.ErrConflict) {
		t.Errorf("%v", err)
	}
	if m, err := c.Members(minute(t)); err != nil || len(m.Members) != 2 || m.Changing {
		t.Errorf("%+v, %v", m, err)
	}
	if _, fresh, err := c.Local("").Length(minute(t)); err != nil || fresh.Stale != 30*time.Millisecond || fresh.Applied == 0 {
		t.Errorf("%+v, %v", fresh, err)
	}
	if _, err := c.Append(minute(t), value.String(strings.Repeat("x", 16382))); err != nil {
		t.Errorf("the longest value: %v", err)
	}
}

// TestExactlyOnceWithRealServers: engines that fail at random; the list must be what was acknowledged.
func TestExactlyOnceWithRealServers(t *testing.T) {
	e := servertest.New()
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(1, 1))
	e.Before = func(ctx context.Context, method string) error {
		mu.Lock()
		what := rng.IntN(30)
		mu.Unlock()
		switch what {
		case 0:
			return fmt.Errorf("at random: %w", node.ErrUnknown)
		case 1:
			return node.ErrBusy
		case 2:
			return errors.New("at random")
		case 3:
			time.Sleep(200 * time.Millisecond) // the client has gone by then
		}
		return nil
	}
	c := serve(t, e, 3, func(cfg *listclient.Config) {
		cfg.Timeout, cfg.Pipeline, cfg.GiveUp = 100*time.Millisecond, 3, 5*time.Minute
	})
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			for k := range 100 {
				v := value.Int(int64(1000*i + k))
				p, err := c.Append(minute(t), v)
				if err != nil {
					t.Errorf("append %v: %v", v, err)
				} else if got, err := c.Get(minute(t), p.Index); err != nil || got != v {
					t.Errorf("%v is said to be at %d, where %v is (%v)", v, p.Index, got, err)
				}
			}
		})
	}
	running.Wait()
	if n, err := c.Length(minute(t)); n != 800 || err != nil {
		t.Errorf("%d entries instead of 800, %v", n, err)
	}
}

func BenchmarkRealServer(b *testing.B) {
	for _, callers := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("append/callers=%d", callers), func(b *testing.B) {
			c := serve(b, servertest.New(), 1)
			v := value.String(strings.Repeat("x", 62))
			share(b, callers, func() error { _, err := c.Append(context.Background(), v); return err })
		})
		b.Run(fmt.Sprintf("get/callers=%d", callers), func(b *testing.B) {
			c := serve(b, servertest.New(), 1)
			v := value.String(strings.Repeat("x", 62))
			if _, err := c.AppendAll(context.Background(), slicesOf(v, 1000)); err != nil {
				b.Fatal(err)
			}
			share(b, callers, func() error { _, err := c.Get(context.Background(), 500); return err })
		})
	}
}

func slicesOf(v value.Value, n int) (all []value.Value) {
	for range n {
		all = append(all, v)
	}
	return all
}

func share(b *testing.B, callers int, call func() error) {
	b.ReportAllocs()
	b.ResetTimer()
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			for k := i; k < b.N; k += callers {
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
