package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"paxos/inspect"
	"paxos/internal/terminal"
	"paxos/protocol"
	"paxos/wal"
)

// walFlags are the flags of inspect wal.
type walFlags struct {
	inspectFlags
	from, to string
	raw      bool
	follow   bool
}

func newInspectWal() *cobra.Command {
	var f walFlags
	cmd := &cobra.Command{
		Use:   "wal DIR",
		Short: "Print every record of the log, a line each",
		Long: `Print every record of the log, a line each, in order.

A place is SEGMENT:OFFSET; the offset is in bytes from the beginning of the segment's
file, DIR/log/SEGMENT.wal with the number in 16 hex digits. STATE is ok (the checksum
is right and the batch was closed), torn (a batch at the end that was never closed,
and never acknowledged), damaged, or blank (nothing was written there).

` + exitHelp,
		Example: `  paxos inspect wal paxos-data/server-1
  paxos inspect wal paxos-data/server-1 --from 3:1024 --to 4:0 --raw
  paxos inspect wal paxos-data/server-1 --follow`,
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = f.look(f.show)
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "begin at this place, or with this segment")
	flags.StringVar(&f.to, "to", "", "end before this place")
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on with what is written, a batch as soon as it is whole")
	flags.BoolVar(&f.raw, "raw", false, "print the bytes, too, in hexadecimal")
	f.register(cmd)
	return cmd
}

// logLine is a line of inspect wal in JSON.
type logLine struct {
	Segment  uint64            `json:"segment"`
	Offset   int64             `json:"offset"`
	State    string            `json:"state"`
	Type     string            `json:"type"`
	Bytes    int64             `json:"bytes"`
	Ballot   *inspect.Ballot   `json:"ballot,omitempty"`
	Instance protocol.Instance `json:"instance,omitempty"`
	Round    uint64            `json:"round,omitempty"`
	Pin      *inspect.Pin      `json:"pin,omitempty"`
	Batch    uint64            `json:"batch,omitempty"`
	Detail   string            `json:"detail,omitempty"`
	Raw      string            `json:"raw,omitempty"`
}

func (f *walFlags) show(l *look) error {
	from, to, err := f.places()
	if err != nil {
		return err
	}
	if err := l.heading(walColumns, "POSITION", "STATE", "TYPE", "BYTES", "INSTANCE", "BALLOT", "DETAIL"); err != nil {
		return err
	}
	show := func(e *inspect.LogEntry) error {
		if f.to != "" && !e.At.Less(to) {
			return errDone
		}
		if e.Kind == wal.KindDamaged {
			l.found(inspect.Finding{File: e.File, Offset: e.At.Offset, Detail: e.Detail})
		}
		return f.line(l, e)
	}
	if !f.follow {
		return unlessDone(l.folder.Log(from, show))
	}
	return unlessDone(l.folder.Follow(l.cmd.Context(), from, func(e *inspect.LogEntry) error {
		if err := show(e); err != nil || e.Kind == wal.KindRecord {
			return err
		}
		return l.out.Flush() // a batch is shown as soon as it is there
	}))
}

const walColumns = "%-16s %-8s %-9s %8v %12v  %-24s %s\n"

func (f *walFlags) places() (from, to wal.Position, err error) {
	if from, err = parsePosition(f.from); err == nil {
		to, err = parsePosition(f.to)
	}
	return from, to, fail(exitUsage, err)
}

// parsePosition reads SEGMENT:OFFSET, or SEGMENT alone.
func parsePosition(text string) (p wal.Position, err error) {
	if text == "" {
		return p, nil
	}
	segment, offset, both := strings.Cut(text, ":")
	p.Segment, err = strconv.ParseUint(segment, 10, 64)
	if err == nil && both {
		p.Offset, err = strconv.ParseInt(offset, 10, 64)
	}
	if err != nil || p.Offset < 0 {
		return p, fmt.Errorf("%q is no place in a log: want SEGMENT:OFFSET, say 3:1024", text)
	}
	return p, nil
}

func (f *walFlags) line(l *look, e *inspect.LogEntry) error {
	line := describeLog(e)
	if f.raw && e.Kind != wal.KindUnused {
		line.Raw = hex.EncodeToString(e.Raw())
	}
	if l.json {
		return l.line(line)
	}
	instance, ballot := "", ""
	if line.Instance != 0 {
		instance = line.Instance.String()
	}
	if line.Ballot != nil {
		ballot = line.Ballot.String()
	}
	if err := l.print(walColumns, e.At, line.State, line.Type, line.Bytes, instance, ballot, line.Detail); err != nil {
		return err
	}
	return hexLines(l, line.Raw)
}

// hexLines prints bytes in lines of 32.
func hexLines(l *look, raw string) error {
	for len(raw) > 0 {
		n := min(len(raw), 64)
		if err := l.print("    %s\n", raw[:n]); err != nil {
			return err
		}
		raw = raw[n:]
	}
	return nil
}

// describeLog says what a record means.
func describeLog(e *inspect.LogEntry) logLine {
	line := logLine{Segment: e.At.Segment, Offset: e.At.Offset, State: "ok", Type: e.Kind.String(), Bytes: e.Bytes, Detail: e.Detail}
	switch e.Kind {
	case wal.KindCommit, wal.KindClose:
		line.Batch = e.Batch
		line.Detail = fmt.Sprintf("batch %d of %s", e.Batch, terminal.Count(uint64(e.Records), "record", "records"))
	case wal.KindDamaged:
		line.State, line.Type = "damaged", "-"
	case wal.KindUnused:
		line.State, line.Type = "blank", "-"
	default:
		if line.Type = inspect.TypeName(e.Type); e.Kind == wal.KindTorn {
			line.State = "torn"
		}
		line.record(e)
	}
	return line
}

func (line *logLine) record(e *inspect.LogEntry) {
	switch rec := e.Record.(type) {
	case *protocol.Promised:
		line.Ballot = &inspect.Ballot{Ballot: rec.Ballot}
	case *protocol.Voted:
		line.Ballot, line.Instance = &inspect.Ballot{Ballot: rec.Vote.Ballot}, rec.Vote.Instance
		line.Detail = inspect.DescribeValue(rec.Vote.Value).String()
	case *protocol.Round:
		line.Round, line.Detail = rec.Round, fmt.Sprintf("round %d", rec.Round)
	case *protocol.Pinned:
		line.Pin, line.Detail = &inspect.Pin{Pin: rec.Pin}, fmt.Sprintf("acceptor %s: store %s", rec.Pin.Acceptor, rec.Pin.Store)
	default:
		if e.Detail == "" {
			line.Detail = e.Identity.String()
		} else {
			line.State = "damaged"
		}
	}
}
