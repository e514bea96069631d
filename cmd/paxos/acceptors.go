package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"paxos/node"
	"paxos/protocol"
)

// acceptorsFlags are those of all acceptors commands.
type acceptorsFlags struct {
	roleFlags
	timeout float64
	json    bool
}

func newAcceptors() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "acceptors",
		Short: "Print and change which acceptors vote",
		Long: `Print and change which acceptors vote.

The multicast roles begin with acceptors 1 to acceptor_count (3); afterwards the
list itself says who votes, and no setting changes, acceptor_count neither. An
acceptor is added first, under a number that none ever had, and started then with
"paxos acceptor --join": it copies the list, and votes when it is in step. One that
is removed may be stopped when the command ends. So one that is lost, with its disk,
is replaced for good. To repeat a command is harmless.`,
		Example: `  # acceptor 1 is lost
  paxos acceptors add 4 --config paxos.conf
  paxos acceptor --id 4 --config paxos.conf --join    # where it shall run
  paxos acceptors list --config paxos.conf            # until 4 votes
  paxos acceptors remove 1 --config paxos.conf`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		acceptorsCommand("list", "Print the acceptors", "  paxos acceptors list --config paxos.conf", nil),
		acceptorsCommand("add ID", "Make an acceptor a member", "  paxos acceptors add 4 --config paxos.conf", (*node.Observer).AddAcceptor),
		acceptorsCommand("remove ID", "Take an acceptor out", "  paxos acceptors remove 1 --config paxos.conf", (*node.Observer).RemoveAcceptor),
	)
	return cmd
}

// acceptorsChange is what a command does with the acceptor of its argument.
type acceptorsChange func(o *node.Observer, ctx context.Context, id protocol.NodeID) error

// acceptorsCommand is one of the commands; do is nil for the one without an ID.
func acceptorsCommand(use, short, example string, do acceptorsChange) *cobra.Command {
	f := acceptorsFlags{roleFlags: roleFlags{quiet: true}}
	args := 0
	if do != nil {
		args = 1
	}
	cmd := &cobra.Command{
		Use:     use,
		Short:   short,
		Long:    short + ".\n\nIt prints which acceptors belong to the cluster then.\n\n" + exitHelp,
		Example: example,
		Args:    cobra.ExactArgs(args),
		RunE: actionWith(func(cmd *cobra.Command, args []string) error {
			var id protocol.NodeID
			if do != nil {
				var err error
				if id, err = nodeID(args[0]); err != nil {
					return err
				}
			}
			return f.run(cmd, id, do)
		}),
	}
	f.registerNetwork(cmd)
	cmd.Flags().Float64Var(&f.timeout, "timeout", defaultTimeout, "seconds to wait until it is done")
	cmd.Flags().BoolVar(&f.json, "json", false, "print them in JSON")
	return cmd
}

func (f *acceptorsFlags) run(cmd *cobra.Command, id protocol.NodeID, do acceptorsChange) error {
	if f.timeout <= 0 || f.timeout > 86400 {
		return fail(exitUsage, fmt.Errorf("--timeout %g: want more than 0 and at most 86400 seconds", f.timeout))
	}
	o, err := f.observer(cmd)
	if err != nil {
		return err
	}
	timeout := time.Duration(f.timeout * float64(time.Second))
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), timeout, fmt.Errorf("no answer within %s", timeout))
	defer cancel()
	return errors.Join(f.do(ctx, cmd.OutOrStdout(), o, id, do), o.Stop())
}

// observer takes part in the cluster as a learner that nobody knows.
func (f *acceptorsFlags) observer(cmd *cobra.Command) (*node.Observer, error) {
	f.id = observerIDs + rand.Uint32N(observerIDs)
	s, err := f.resolve(cmd, protocol.RoleLearner)
	if err != nil {
		return nil, err
	}
	t, err := s.open()
	if err != nil {
		return nil, err
	}
	return node.StartObserver(node.Options{Self: s.self, Cluster: s.cluster, Quorum: s.quorum, Transport: t, Log: s.log})
}

// observerIDs is the first of the ids that observers draw from, and their number:
// so far up that no learner has one.
const observerIDs = 1 << 31

// do makes the change, if there is one, and prints what is.
func (f *acceptorsFlags) do(ctx context.Context, out io.Writer, o *node.Observer, id protocol.NodeID, change acceptorsChange) error {
	// Asked before, so that a cluster that does not answer at all is told from a change that does not come.
	if _, _, err := o.Acceptors(ctx); err != nil {
		return fmt.Errorf("no proposer leads that is heard here and hears a majority of the acceptors: %w", err)
	}
	if change != nil {
		if err := change(o, ctx, id); err != nil {
			return fmt.Errorf("acceptor %s: %w", id, err)
		}
	}
	members, changing, err := o.Acceptors(ctx)
	if err != nil {
		return fmt.Errorf("ask who the acceptors are: %w", err)
	}
	if f.json {
		return json.NewEncoder(out).Encode(acceptorsReport(members, changing))
	}
	return writeAcceptors(out, members, changing)
}

// acceptorsAnswer is what --json prints.
type acceptorsAnswer struct {
	Acceptors []acceptorAnswer `json:"acceptors"`
	Changing  bool             `json:"changing"`
}

type acceptorAnswer struct {
	ID    protocol.NodeID `json:"id"`
	Voter bool            `json:"voter"`
}

func acceptorsReport(members []node.Member, changing bool) acceptorsAnswer {
	a := acceptorsAnswer{Changing: changing}
	for _, m := range members {
		a.Acceptors = append(a.Acceptors, acceptorAnswer{m.ID, m.Voter})
	}
	return a
}

func writeAcceptors(out io.Writer, members []node.Member, changing bool) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tVOTES")
	for _, m := range members {
		fmt.Fprintf(t, "%s\t%s\n", m.ID, votesText(m.Voter))
	}
	if changing {
		fmt.Fprintln(t, changingText)
	}
	return t.Flush()
}

// votesText says in a table whether a member votes.
func votesText(voter bool) string {
	if voter {
		return "yes"
	}
	return "no: it catches up, or does not run yet"
}

const changingText = "a change is under way"
