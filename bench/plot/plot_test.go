package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paxos/bench/compare"
	"paxos/bench/report"
)

func example() report.Report {
	r := report.Report{Rounds: 1, Systems: []compare.SystemInfo{{Name: "ours <1>", Ours: true}, {Name: "peer"}}}
	for _, payload := range []int{16, 64, 1024} {
		for _, inFlight := range []int{1, 1024} {
			for i, s := range r.Systems {
				r.Cells = append(r.Cells, report.Cell{
					System: s.Name, Payload: payload, InFlight: inFlight, PerSecond: float64(1000 * (i + 1)), CPU: 2.5, RSS: 3 << 20,
					P50: time.Duration(inFlight) * time.Microsecond, P99: time.Duration(inFlight) * time.Millisecond,
				})
			}
		}
	}
	return r
}

func TestEveryPictureIsWellFormedAndNamesEverySystem(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plots")
	if err := Write(dir, example()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"throughput", "cpu", "memory", "latency-p50", "latency-p99"} {
		text, err := os.ReadFile(filepath.Join(dir, name+".svg"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"ours &lt;1&gt;", "peer", "prefers-color-scheme:dark"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: %q is missing", name, want)
			}
		}
		if strings.Contains(string(text), "NaN") || strings.Contains(string(text), "Inf") {
			t.Errorf("%s: a point that is no number", name)
		}
		wellFormed(t, name, string(text))
	}
}

func wellFormed(t *testing.T, name, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

func TestABarIsAsLongAsItsValue(t *testing.T) {
	text := bars("t", "n", []group{{"g", []bar{{"a", 10, "10", 0}, {"b", 5, "5", 1}}}})
	for _, want := range []string{`width="470.0"`, `width="235.0"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestAReportOfOneCellCanBeDrawn(t *testing.T) {
	r := example()
	r.Cells = r.Cells[:1]
	r.Systems = r.Systems[:1]
	for name, text := range pictures(r) {
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s: a point that is no number", name)
		}
	}
}
