package main

import (
	"context"
	"errors"
	"io"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/lines"
	"paxos/node"
	"paxos/protocol"
)

func newLearner() *cobra.Command {
	var from uint64
	var follow bool
	cmd := role{
		role:  protocol.RoleLearner,
		short: "Print the learned values, one a line, in their order",
		long: `Print the learned values, one a line, in their order.

Every learner prints the same sequence, from the first value on, at each start:
first from its own disk, then what it missed, then what is new. Stdout gets
values only, and each as soon as it is learned. When the reader of stdout goes
away, the learner stops.`,
		example: `  # the very first start: --init makes the store
  paxos learner --id 1 --config paxos.conf --init > values

  # print what is decided by now, and exit
  paxos learner --id 1 --config paxos.conf --follow=false

  # from the 1,000,001st value on
  paxos learner --id 1 --config paxos.conf --from 1000001`,
		run: func(cmd *cobra.Command, o node.Options) error {
			o.From, o.Once = from-1, !follow
			return runLearner(cmd.Context(), o, cmd.OutOrStdout())
		},
	}.command()
	cmd.Flags().Uint64Var(&from, "from", 1, "number of the first value to print; the list begins with 1")
	cmd.Flags().BoolVar(&follow, "follow", true, "go on with new values; false: print what is decided, and exit")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if from == 0 {
			return errors.New("--from 0: the first value is number 1")
		}
		return nil
	}
	return cmd
}

// slowReader is how long a learner that is to stop waits for its reader.
const slowReader = 3 * time.Second

// runLearner runs a learner that prints to out, and stops when out fails.
func runLearner(ctx context.Context, o node.Options, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	printer := lines.NewPrinter(out, func(error) { cancel() })
	context.AfterFunc(ctx, func() { time.AfterFunc(slowReader, printer.Abandon) })
	o.Entries = func(_ uint64, count int, block []byte) error {
		return unlessUnread(printer.Print(count, block))
	}
	return errors.Join(node.Run(ctx, o), unlessUnread(printer.Close()))
}

// unlessUnread passes an error of the output on, unless it means that nobody
// reads any more: that is no failure.
func unlessUnread(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, lines.ErrAbandoned) {
		return nil
	}
	return err
}
