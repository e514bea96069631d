package main

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"paxos/inspect"
	"paxos/internal/terminal"
	"paxos/list"
)

func newInspectList() *cobra.Command {
	var f inspectFlags
	var from, limit uint64
	cmd := &cobra.Command{
		Use:   "list DIR",
		Short: "Print the list as the last checkpoint has it",
		Long: `Print the list as the last checkpoint has it: an entry a line, with its index.

What was applied after that checkpoint is not in the store's list yet, but in its
votes, and comes back when the node starts: then a last line says for how many
instances there are votes. Entries that are not plain text are printed in quotes.
Those of a damaged chunk are left out, and the chunk is named.

` + exitHelp,
		Example: "  paxos inspect list paxos-data/server-1 --from 1000000 --limit 10",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = f.look(func(l *look) error { return showList(l, from, limit) })
	cmd.Flags().Uint64Var(&from, "from", 0, "index of the first entry; the list begins with 0")
	cmd.Flags().Uint64Var(&limit, "limit", 0, "print so many entries at most; 0: all")
	f.register(cmd)
	return cmd
}

// entryLine is a line of inspect list in JSON.
type entryLine struct {
	Index uint64 `json:"index"`
	Value string `json:"value"`           // as text, if it is
	Bytes []byte `json:"bytes,omitempty"` // else in base 64
}

func showList(l *look, from, limit uint64) error {
	if err := l.heading("%12s  %s\n", "INDEX", "ENTRY"); err != nil {
		return err
	}
	printed := uint64(0)
	err := l.folder.Entries(from, func(index uint64, payload []byte) error {
		if limit > 0 && printed == limit {
			return errDone
		}
		printed++
		return showEntry(l, index, payload)
	})
	if err != nil {
		return unlessDone(err)
	}
	return showAbove(l, printed)
}

// aboveLine is the last line of inspect list in JSON, if there are votes above the
// checkpoint, which has a list of Length entries.
type aboveLine struct {
	Length     uint64 `json:"length"`
	VotesAbove int    `json:"votes_above"`
}

// showAbove says why there may be less than one expects.
func showAbove(l *look, printed uint64) error {
	s := l.folder.State()
	votes := len(s.Restored.Votes)
	line := aboveLine{VotesAbove: votes}
	if s.List != nil {
		line.Length = s.List.Length()
	}
	switch {
	case votes > 0 && l.json:
		return l.line(line)
	case l.json || votes == 0 && printed > 0:
		return nil
	}
	text := fmt.Sprintf("the list of the checkpoint has %s", terminal.Count(line.Length, "entry", "entries"))
	switch {
	case s.List == nil:
		text = "there is no list in the checkpoint, or none that can be read"
	case s.SessionsOnly:
		text += ", of which only the sessions are kept"
	}
	if votes > 0 {
		text += fmt.Sprintf("; above it there are votes for %s, which are not in it yet", terminal.Count(votes, "instance", "instances"))
	}
	return l.print("note: %s\n", text)
}

func showEntry(l *look, index uint64, payload []byte) error {
	if !l.json {
		return l.print("%12d  %s\n", index, plainText(payload))
	}
	line := entryLine{Index: index, Value: string(payload)}
	if !utf8.Valid(payload) {
		line = entryLine{Index: index, Bytes: payload}
	}
	return l.line(line)
}

// plainText is a payload as it is, or in quotes if a terminal must not see it so.
func plainText(payload []byte) string {
	text := string(payload)
	if quoted := strconv.Quote(text); quoted != `"`+text+`"` || text == "" {
		return quoted
	}
	return text
}

func newInspectSessions() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "sessions DIR",
		Short: "Print the client sessions, as the last checkpoint has them",
		Long: `Print the client sessions, as the last checkpoint has them.

LAST is the seq of a session's last applied command, USED the list's counter at its last
use: the session with the least one is the next to be forgotten. RESULTS is for how
many of the last commands the list still knows where they are.

` + exitHelp,
		Example: "  paxos inspect sessions paxos-data/server-1",
		Args:    cobra.ExactArgs(1),
		RunE:    f.look(showSessions),
	}
	f.register(cmd)
	return cmd
}

// sessionLine is a line of inspect sessions in JSON.
type sessionLine struct {
	Session uint64 `json:"session"`
	Nonce   string `json:"nonce"`
	Last    uint64 `json:"last"`
	Used    uint64 `json:"used"`
	Results int    `json:"results"`
}

const sessionColumns = "%10v  %-32s %12v %12v %8v\n"

func showSessions(l *look) error {
	if err := l.heading(sessionColumns, "SESSION", "NONCE", "LAST", "USED", "RESULTS"); err != nil {
		return err
	}
	return l.folder.Sessions(func(s list.SessionInfo) error {
		if l.json {
			return l.line(sessionLine{uint64(s.ID), s.Nonce.String(), uint64(s.Last), s.Used, s.Results})
		}
		return l.print(sessionColumns, s.ID, s.Nonce, s.Last, s.Used, s.Results)
	})
}

func newInspectSnapshot() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "snapshot DIR",
		Short: "Print what a peer would fetch: the checkpoint's head and its chunks",
		Long: `Print what a peer would fetch: the checkpoint's head and its chunks, with their
sizes and the checksums of their content, which are equal on all nodes.

In JSON there is an object a line: the head first, then the chunks.

` + exitHelp,
		Example: "  paxos inspect snapshot paxos-data/server-1",
		Args:    cobra.ExactArgs(1),
		RunE:    f.look(showSnapshot),
	}
	f.register(cmd)
	return cmd
}

// headLine is the first line of inspect snapshot in JSON.
type headLine struct {
	Applied uint64 `json:"applied"`
	Bytes   uint64 `json:"bytes"`
	Sum     string `json:"crc32c"`
	Length  uint64 `json:"length"`
	Chunks  uint64 `json:"chunks"`

	SessionsOnly bool `json:"sessions_only,omitempty"`
}

const chunkColumns = "%10v %14v %10v %10v %8s  %s\n"

func showSnapshot(l *look) error {
	h := l.folder.Head()
	if err := l.title(); err != nil {
		return err
	}
	line := headLine{uint64(h.Applied), h.Bytes, h.Sum, h.Length, h.Chunks, h.SessionsOnly}
	if l.json {
		if err := l.line(line); err != nil {
			return err
		}
	} else if err := l.print("%s\n", headText(h)); err != nil {
		return err
	}
	return showChunks(l)
}

func headText(h inspect.Head) string {
	if h.Sum == "" {
		return "there is no head that can be read"
	}
	text := fmt.Sprintf("head at instance %s: %s bytes, CRC-32C %s; a list of %s", h.Applied, terminal.Number(h.Bytes), h.Sum, terminal.Count(h.Length, "entry", "entries"))
	if h.SessionsOnly {
		return text + ", of which only the sessions are kept"
	}
	return text + fmt.Sprintf(" in %s and a tail of %d", terminal.Count(h.Chunks, "chunk", "chunks"), h.Tail)
}

func showChunks(l *look) error {
	if !l.json {
		if err := l.print(chunkColumns, "CHUNK", "FIRST ENTRY", "BYTES", "CONTENT", "CRC-32C", ""); err != nil {
			return err
		}
	}
	return l.folder.Chunks(0, func(c *inspect.Chunk) error {
		if l.json {
			return l.line(c)
		}
		note := ""
		switch {
		case c.Ahead:
			note = "ahead of the checkpoint"
		case !c.Compressed:
			note = "not compressed"
		}
		return l.print(chunkColumns, c.Number, c.First, c.Bytes, c.RawBytes, c.Sum, note)
	})
}

func newInspectStats() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "stats DIR",
		Short: "Print sizes, how well the list is compressed, and how sizes are distributed",
		Long: `Print sizes, how well the list is compressed, and how sizes are distributed.

The whole store is read for it.

` + exitHelp,
		Example: "  paxos inspect stats paxos-data/server-1",
		Args:    cobra.ExactArgs(1),
		RunE:    f.look(showStats),
	}
	f.register(cmd)
	return cmd
}

func showStats(l *look) error {
	s, err := l.folder.Stats()
	if err != nil {
		return err
	}
	if err := l.title(); err != nil {
		return err
	}
	err = l.object(s,
		row{"log", fmt.Sprintf("%s in %s, %d spare", bytesText(s.Log.Bytes), terminal.Count(s.Log.Segments, "segment", "segments"), s.Log.Spares)},
		row{"database", fmt.Sprintf("%s of disk: %s pages in use, %s free", bytesText(s.Database.DiskBytes), terminal.Number(s.UsedPages), terminal.Number(s.FreePages))},
		row{"", fmt.Sprintf("%s of the pages in use are filled; trees of %d levels at most", bytesText(s.BytesUsed), s.Depth)},
		row{"head", bytesText(int64(s.HeadBytes))},
		row{"chunks", fmt.Sprintf("%s: %s for %s of content, ratio %.2f", terminal.Number(s.Chunks), bytesText(s.ChunkBytes), bytesText(s.RawBytes), s.Ratio)},
	)
	if err != nil || l.json {
		return err
	}
	return showDistributions(l, s.Distributions)
}

const distributionColumns = "  %-34s %-9s %12v %10v %10v %10v %10v\n"

func showDistributions(l *look, all []inspect.Distribution) error {
	if err := l.print(distributionColumns, "SIZE OF", "IN", "COUNT", "P50", "P90", "P99", "MAX"); err != nil {
		return err
	}
	for _, d := range all {
		if err := l.print(distributionColumns, d.Name, d.Unit, terminal.Number(d.Count), d.P50, d.P90, d.P99, d.Max); err != nil {
			return err
		}
	}
	return nil
}
