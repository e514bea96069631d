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
votes, and comes back when the node starts. Entries that are not plain text are
printed in quotes. Those of a damaged chunk are left out, and the chunk is named.

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
	return unlessDone(err)
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
}

const chunkColumns = "%10v %14v %10v %10v %8s  %s\n"

func showSnapshot(l *look) error {
	h := l.folder.Head()
	if err := l.title(); err != nil {
		return err
	}
	line := headLine{uint64(h.Applied), h.Bytes, h.Sum, h.Length, h.Chunks}
	if l.json {
		if err := l.line(line); err != nil {
			return err
		}
	} else if err := l.print("head at instance %s: %s bytes, CRC-32C %s; a list of %s entries in %s chunks and a tail of %d\n", h.Applied,
		terminal.Number(h.Bytes), h.Sum, terminal.Number(h.Length), terminal.Number(h.Chunks), h.Tail); err != nil {
		return err
	}
	return showChunks(l)
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
		row{"log", fmt.Sprintf("%s in %d segments, %d spare", bytesText(s.Log.Bytes), s.Log.Segments, s.Log.Spares)},
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
