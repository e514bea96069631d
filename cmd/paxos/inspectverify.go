package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"paxos/inspect"
	"paxos/internal/terminal"
)

func newInspectVerify() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "verify DIR",
		Short: "Walk everything in the folder, and list what is wrong",
		Long: `Walk everything in the folder, and list what is wrong, by file and offset.

Every page of the database, every key and value and its checksum, every chunk of the
list, votes and head against the record that counts them, every frame of the log.
The exit code is 1 if anything is wrong. Notes (leftovers of a crash that mean nothing)
do not count. In JSON there is an object a line: findings, and at the end a summary.

` + exitHelp,
		Example: "  paxos inspect verify paxos-data/server-1\n  paxos inspect verify paxos-data/server-1 --output json",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = f.look(showVerify)
	f.register(cmd)
	return cmd
}

// verdict is the last line of inspect verify in JSON.
type verdict struct {
	Summary inspect.Summary `json:"summary"`
	How     string          `json:"read"`
	Seconds float64         `json:"seconds"`
}

func showVerify(l *look) error {
	if err := l.title(); err != nil {
		return err
	}
	began := time.Now()
	var failed error
	sum, err := l.folder.Verify(l.cmd.Context(), func(x inspect.Finding) {
		if e := showFinding(l, x); failed == nil {
			failed = e
		}
	})
	for _, err := range []error{failed, err} {
		if err != nil {
			return err
		}
	}
	took := time.Since(began)
	if l.json {
		err = l.line(verdict{sum, l.folder.How(), took.Seconds()})
	} else {
		err = summarize(l, sum, took)
	}
	if err == nil && sum.Damaged > 0 {
		err = fail(exitFailed, fmt.Errorf("%s: the store is damaged", terminal.Count(sum.Damaged, "finding", "findings")))
	}
	return err
}

func showFinding(l *look, x inspect.Finding) error {
	switch {
	case l.json:
		return l.line(x)
	case x.Note:
		return l.print("  note: %v\n", x)
	}
	return l.print("  WRONG: %v\n", x)
}

func summarize(l *look, s inspect.Summary, took time.Duration) error {
	rows := []row{
		{"database", fmt.Sprintf("%s pages in use, %s free, transaction %d", terminal.Number(s.DatabasePages), terminal.Number(s.FreePages), s.Transaction)},
		{"", fmt.Sprintf("%s chunks of %s entries, %s votes", terminal.Number(s.Chunks), terminal.Number(s.Entries), terminal.Number(s.Votes))},
		{"log", fmt.Sprintf("%s, %s in %s", terminal.Count(s.Segments, "segment", "segments"), terminal.Count(s.LogRecords, "record", "records"), terminal.Count(s.LogBatches, "batch", "batches"))},
		{"", closedHow(inspect.Store{Whole: s.Damaged == 0, Log: inspect.LogSummary{InUse: s.InUse, Clean: s.Clean, Torn: s.Torn}})},
		{"read", fmt.Sprintf("%s in %.3f s: %.0f MB/s", bytesText(s.Bytes), took.Seconds(), float64(s.Bytes)/1e6/took.Seconds())},
	}
	if err := writeRows(l.out, rows); err != nil {
		return err
	}
	if s.Damaged == 0 {
		return l.print("all is well\n")
	}
	return nil
}
