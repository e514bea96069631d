package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"paxos/internal/chart"
	"paxos/internal/torture/history"
	"paxos/internal/torture/judge"
)

// The files of a run's folder that this package writes.
const (
	LatencyFile  = "latency.svg"
	RateFile     = "rate.svg"
	TimelineFile = "timeline.html"
)

// Those that it reads, too.
const (
	ConfigFile    = "config.json"
	HistoryFile   = "history.edn"
	ElleFile      = "elle.edn"
	VerdictFile   = "verdict.json"
	NemesisFile   = "nemesis.json"
	PorcupineFile = "porcupine.html"
	logsFolder    = "logs"
)

// Write puts plots and a timeline of a history into a folder, which must exist. The
// witness, if there is one, is marked in the timeline.
func Write(dir string, ops []history.Op, bands []Band, witness judge.Witness) error {
	points, err := pointsOf(ops)
	if err != nil {
		return err
	}
	return errors.Join(
		writeFile(dir, LatencyFile, func(w io.Writer) error { return writeLatency(w, points, bands) }),
		writeFile(dir, RateFile, func(w io.Writer) error { return writeRate(w, points, bands) }),
		writeFile(dir, TimelineFile, func(w io.Writer) error { return writeTimeline(w, ops, bands, witness) }),
	)
}

func writeFile(dir, name string, write func(io.Writer) error) error {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return fmt.Errorf("write a report: %w", err)
	}
	out := bufio.NewWriter(f)
	if err := errors.Join(write(out), out.Flush(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", f.Name(), err)
	}
	return nil
}

// newChart makes a chart over the time of a run, long enough for everything.
func newChart(title, unit string, points []point, bands []Band) *chart.Chart {
	longest := 1e-3
	for _, o := range points {
		longest = max(longest, seconds(o.at+o.took))
	}
	for _, b := range bands {
		longest = max(longest, seconds(b.To))
	}
	return chart.New(title, unit, "time (s)", longest)
}
