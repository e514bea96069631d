package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"paxos/internal/histogram"
	"paxos/node"
)

func TestALoadIsToldAndReportsInJSON(t *testing.T) {
	text, err := json.Marshal([]Phase{{InFlight: 64, Bytes: 16, Warmup: time.Second, Duration: 3 * time.Second}, {InFlight: 1, Bytes: 8, Duration: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	var last node.Phase
	load, err := ParseLoad(string(text), &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Phase{{InFlight: 64, Bytes: 16, Warmup: time.Second, Duration: 3 * time.Second}, {InFlight: 1, Bytes: 8, Duration: time.Second}} {
		p := <-load.Phases
		if got := (Phase{p.InFlight, p.PayloadBytes, p.Warmup, p.Duration, p.Commands}); got != want {
			t.Errorf("phase %+v, want %+v", got, want)
		}
		if n := len(load.Payload(p.PayloadBytes)); n != p.PayloadBytes {
			t.Errorf("a payload of %d bytes, want %d", n, p.PayloadBytes)
		}
		last = p
	}
	if _, more := <-load.Phases; more {
		t.Error("there are more phases than were told")
	}
	h := new(histogram.Histogram)
	h.Add(10*time.Microsecond, 98)
	h.Add(time.Millisecond, 2)
	last.Done(node.LoadReport{Acked: 100, Elapsed: 2 * time.Second, Latency: h})
	var r Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.PerSecond() != 50 || r.P50 > 11*time.Microsecond || r.P99 < time.Millisecond || r.Max != time.Millisecond || r.Ended.IsZero() {
		t.Errorf("the result is %+v", r)
	}
}

func TestALoadWithoutPhasesIsAnError(t *testing.T) {
	for _, text := range []string{"", "[]", "{", "7"} {
		if _, err := ParseLoad(text, io.Discard); err == nil {
			t.Errorf("%q passed", text)
		}
	}
}

func TestGeneratedPayloadsHaveTheirSizeAndEnd(t *testing.T) {
	for _, size := range []int{1, 16, 1024} {
		next := Generate(size, 5*time.Millisecond)
		n := 0
		for {
			p, err := next()
			if err == io.EOF {
				break
			}
			if err != nil || len(p) != size {
				t.Fatalf("payload of %d bytes, %v; want %d", len(p), err, size)
			}
			n++
		}
		if n < 64 {
			t.Errorf("only %d payloads", n)
		}
	}
}

func TestCPUTimeIsThatOfTheReadingsNearestToTheWindow(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(100, 0).Add(time.Duration(ms) * time.Millisecond) }
	s := meter{readings: []reading{{at: at(0), cpu: 1}, {at: at(20), cpu: 2}, {at: at(40), cpu: 4}, {at: at(60), cpu: 8}}}
	for _, c := range []struct {
		from, to int
		want     time.Duration
	}{{0, 60, 7}, {19, 41, 2}, {-50, 100, 7}, {28, 28, 0}} {
		if got := s.cpuBetween(at(c.from), at(c.to)); got != c.want {
			t.Errorf("from %d to %d: %d, want %d", c.from, c.to, got, c.want)
		}
	}
}

func TestTheMedianIsTheMiddleRoundAndOfTwoTheWorse(t *testing.T) {
	for _, c := range []struct {
		rates []float64
		want  float64
	}{{[]float64{3}, 3}, {[]float64{5, 3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{9, 1, 5, 7}, 5}} {
		var cells []Cell
		for _, r := range c.rates {
			cells = append(cells, Cell{ValuesPerSecond: r})
		}
		if got := median(cells).ValuesPerSecond; got != c.want {
			t.Errorf("of %v: %g, want %g", c.rates, got, c.want)
		}
	}
}

func TestTheMachineIsMeasured(t *testing.T) {
	m, err := probe(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if m.CPUs < 1 || m.FsyncP50 <= 0 || m.FsyncP50Of3 <= 0 || len(m.Datagrams) != 3 {
		t.Errorf("measured %+v", m)
	}
	for _, d := range m.Datagrams {
		if d.PerSecond <= 0 {
			t.Errorf("no datagram of %d bytes got through", d.Bytes)
		}
	}
}

func TestTheTextHasALineForEachCell(t *testing.T) {
	r := Report{Clients: 2, Rounds: 1, Cells: []Cell{
		{InFlight: 1024, Bytes: 64, ValuesPerSecond: 1_234_567, Result: Result{P50: time.Millisecond},
			Memory: map[string]Memory{"learner": {PeakRSS: 50 << 20, PeakAnon: 40 << 20}}},
		{InFlight: 1, Bytes: 16},
	}, Machine: Machine{InMemory: true}}
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1,234,567", "1.000 ms", "50 (40)", "2 client processes", "nothing was durable"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
}
