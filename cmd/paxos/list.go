package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/lines"
	"paxos/protocol"
	"paxos/server/listclient"
)

// listCommandFlags are the flags of list.
type listCommandFlags struct {
	listFlags
	from   uint64
	limit  uint64
	follow bool
	local  bool
	json   bool
}

func newList() *cobra.Command {
	var f listCommandFlags
	cmd := &cobra.Command{
		Use:   "list FILE",
		Short: "Print the list of the list servers, one value a line",
		Long: `Print the list of the list servers, one value a line.

Integers are printed as they are, strings in JSON. All that was acknowledged before
is printed. With --local a server prints what it has: quick, and possible without a
majority, but the newest values may be missing; stderr says how old it may be.

` + exitHelp,
		Example: `  paxos list servers
  paxos list servers --from 1000 --limit 10
  paxos list servers --follow --json`,
		Args: cobra.ExactArgs(1),
		RunE: actionWith(f.run),
	}
	f.register(cmd)
	f.registerServer(cmd)
	flags := cmd.Flags()
	flags.Uint64Var(&f.from, "from", 0, "index of the first value to print; the list begins with 0")
	flags.Uint64Var(&f.limit, "limit", 0, "print so many values at most; 0: all")
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on with new values")
	flags.BoolVar(&f.local, "local", false, "print what a server has, without asking the others")
	flags.BoolVar(&f.json, "json", false, `print an object a line: {"index":0,"value":7}`)
	cmd.MarkFlagsMutuallyExclusive("follow", "local")
	return cmd
}

func (f *listCommandFlags) run(cmd *cobra.Command, args []string) error {
	s, err := f.resolve(args[0])
	if err != nil {
		return err
	}
	c, err := s.client()
	if err != nil {
		return fail(exitUsage, err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	printer := lines.NewPrinter(cmd.OutOrStdout(), func(error) { cancel() })
	context.AfterFunc(ctx, func() { time.AfterFunc(slowReader, printer.Abandon) })
	err = f.print(printer, f.entries(ctx, c, cmd.ErrOrStderr()))
	if printed := printer.Close(); printed != nil {
		return unlessUnread(printed) // whatever came of the rest
	}
	if f.follow && cmd.Context().Err() != nil {
		return nil // it was asked to stop
	}
	return err
}

// entries are those to print.
func (f *listCommandFlags) entries(ctx context.Context, c *listclient.Client, errOut io.Writer) iter.Seq2[listclient.Entry, error] {
	switch {
	case f.follow:
		return c.Watch(ctx, f.from)
	case f.local:
		return f.localEntries(ctx, c, errOut)
	}
	return c.List(ctx, f.from)
}

// localEntries are those that a server has; at the end it says how old they may be.
func (f *listCommandFlags) localEntries(ctx context.Context, c *listclient.Client, errOut io.Writer) iter.Seq2[listclient.Entry, error] {
	return func(yield func(listclient.Entry, error) bool) {
		fresh := listclient.Freshness{Stale: -1}
		defer func() { fmt.Fprintln(errOut, staleness(fresh)) }()
		for e, err := range c.Local("").List(ctx, f.from, &fresh) {
			if !yield(e, err) {
				return
			}
		}
	}
}

func staleness(f listclient.Freshness) string {
	if f.Stale < 0 {
		return "the server was never in step with a leader: how old this is, is not known"
	}
	return fmt.Sprintf("up to %s old", f.Stale)
}

// print prints entries until they or the limit end. They are buffered only while
// the output is slower than they are.
func (f *listCommandFlags) print(p *lines.Printer, entries iter.Seq2[listclient.Entry, error]) error {
	var block []byte
	printed := uint64(0)
	for e, err := range entries {
		if err != nil {
			return withoutCancel(err)
		}
		block = protocol.AppendPayload(block[:0], f.line(e))
		if err := p.Print(1, block); err != nil {
			return err
		}
		if printed++; printed == f.limit {
			break
		}
	}
	return nil
}

func (f *listCommandFlags) line(e listclient.Entry) []byte {
	if f.json {
		return fmt.Appendf(nil, `{"index":%d,"value":%s}`, e.Index, e.Value)
	}
	return e.Value.Payload()
}

// withoutCancel says in plain words that the command was interrupted.
func withoutCancel(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	return err
}
