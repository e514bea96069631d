package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"paxos/inspect"
	"paxos/internal/terminal"
	"paxos/protocol"
)

func newInspectStore() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "store DIR",
		Short: "Print whose store it is, what it has promised, and how far it is",
		Long: `Print whose store it is, what it has promised, and how far it is.

It is what the node would start with: the checkpoint in the database, and the log
from the checkpoint's place on. Where something is damaged, promised, round, votes and
pins are those that could be read: the node knew of these at least.

` + exitHelp,
		Example: "  paxos inspect store paxos-data/server-1\n  paxos inspect store paxos-data/server-1 --output json",
		Args:    cobra.ExactArgs(1),
		RunE:    f.look(showStore),
	}
	f.register(cmd)
	return cmd
}

func showStore(l *look) error {
	s := l.folder.Store()
	if err := l.title(); err != nil {
		return err
	}
	rows := []row{
		{"format", fmt.Sprint(s.Format)},
		{"promised", atLeast(s.Whole) + ballotName(s.Promised.Ballot)},
		{"round", atLeast(s.Whole) + fmt.Sprint(s.Round)},
		{"applied", appliedText(s)},
		{"votes above", atLeast(s.Whole) + openVotesText(s)},
	}
	rows = append(rows, listRows(s)...)
	if i := s.Image; i != nil {
		rows = append(rows, row{"image", fmt.Sprintf("of the first %s entries: %d pieces, %s", terminal.Number(i.Index), i.Pieces, bytesText(int64(i.Bytes)))})
	}
	rows = append(rows, memberRows(s)...)
	for i, p := range s.Pins {
		rows = append(rows, row{nameOnce(i, "pins"), fmt.Sprintf("acceptor %s: store %s", p.Acceptor, p.Store)})
	}
	rows = append(rows,
		row{"log", fmt.Sprintf("%s, %s, and %d spare; replay begins at %s, ends at %s: %s in %s",
			terminal.Count(s.Log.Segments, "segment", "segments"), bytesText(s.Log.Bytes), s.Log.Spares, s.Log.Covers, s.Log.End, terminal.Count(s.Log.Records, "record", "records"), terminal.Count(s.Log.Batches, "batch", "batches"))},
		row{"", closedHow(s)},
		row{"database", fmt.Sprintf("%s of disk, %s pages, transaction %d", bytesText(s.Database.DiskBytes), terminal.Number(s.Database.Pages), s.Database.Transaction)})
	return l.object(s, rows...)
}

// atLeast comes before what may be more, since not all could be read.
func atLeast(whole bool) string {
	if whole {
		return ""
	}
	return "at least "
}

func appliedText(s inspect.Store) string {
	if s.Applied == nil {
		return "unknown: the checkpoint cannot be read"
	}
	return terminal.Number(*s.Applied) + "  (the checkpoint: also the trim point)"
}

func openVotesText(s inspect.Store) string {
	text := terminal.Number(len(s.Votes))
	if n := len(s.Votes); n > 0 {
		text += fmt.Sprintf("  (instances %s to %s)", s.Votes[0], s.Votes[n-1])
	}
	return text
}

// nameOnce names the first of several rows.
func nameOnce(i int, name string) string {
	if i > 0 {
		return ""
	}
	return name
}

func ballotName(b protocol.Ballot) string {
	if b.IsZero() {
		return "nothing"
	}
	return b.String()
}

func listRows(s inspect.Store) []row {
	switch {
	case s.List == nil && s.Applied == nil:
		return []row{{"list", "unknown"}}
	case s.List == nil:
		return []row{{"list", "none"}}
	}
	what := fmt.Sprintf("%s: %s and a tail of %d", terminal.Count(s.List.Length, "entry", "entries"), terminal.Count(s.List.Chunks, "chunk", "chunks"), s.List.Tail)
	if s.List.SessionsOnly {
		what = terminal.Count(s.List.Length, "entry", "entries") + ", of which only the sessions are kept"
	}
	return []row{{"list", what}, {"sessions", fmt.Sprint(s.List.Sessions)}}
}

func memberRows(s inspect.Store) (rows []row) {
	if s.List == nil {
		return nil
	}
	for i, m := range s.List.Members {
		role := "votes"
		if !m.Voter {
			role = "learns"
		}
		rows = append(rows, row{nameOnce(i, "members"), strings.TrimSpace(fmt.Sprintf("%s %s %s", m.ID, m.Address, role))})
	}
	return rows
}

func closedHow(s inspect.Store) string {
	switch {
	case s.Log.InUse:
		return "in use"
	case s.Log.Clean:
		return "closed in order"
	case !s.Whole:
		return "not closed in order, as far as it can be read"
	case s.Log.Torn:
		return "not closed in order: a last batch is torn; it was never acknowledged"
	}
	return "not closed in order"
}
