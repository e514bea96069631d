package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(append([]string{}, negativeValue(args)...)) // for nil, cobra would take those of the process
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	code, ran := exitCode(err), errors.As(err, new(*failure))
	if !errors.As(err, new(reported)) {
		fmt.Fprintf(errOut, "%s: %v\n", cmd.CommandPath(), err)
	}
	if !ran {
		fmt.Fprintf(errOut, "See '%s --help'.\n", cmd.CommandPath())
	}
	return code
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "paxos",
		Short: "A durable, fast atomic broadcast over IP multicast, and a replicated list over HTTP",
		Long: `A durable, fast atomic broadcast over IP multicast, and a replicated list over HTTP.

Clients send values; a majority of the acceptors makes each one durable before
it counts; every learner prints the same values in the same order. Any process
may crash and come back.

'paxos demo' shows it all on this host. 'paxos server' and 'paxos start-servers'
run the list servers, and 'append', 'list', 'status', 'leader' and 'member' ask
them, all by a cluster file with a host:port a line. The multicast roles meet at
the groups of a config file:
` + configHelp + `
` + exitHelp,
		Example: `  paxos demo
  paxos acceptor --id 1 --config paxos.conf --init
  paxos learner --id 1 --config paxos.conf --init > values
  seq 1000 | paxos client --id 1 --config paxos.conf

  printf 'localhost:%d\n' 5001 5002 5003 > servers
  paxos start-servers servers
  paxos append servers 7`,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newAcceptor(), newProposer(), newLearner(), newClient(), newAcceptors(), newDemo(), newBench(), newKeygen(), newSim(), newVersion())
	root.AddCommand(newServer(), newStartServers(), newAppend(), newList(), newStatus(), newLeader(), newMember())
	root.AddCommand(newMaelstrom(), newTorture())
	root.AddCommand(newInspect(), newBackup(), newRestore(), newExport(), newImport(), newRepair())
	completeWords(root)
	root.SetFlagErrorFunc(plainFlagError)
	return root
}

const configHelp = `
  clients   239.0.0.1 5000
  proposers 239.0.0.1 6000
  acceptors 239.0.0.1 7000
  learners  239.0.0.1 8000
  timeout        0.1    # optional: seconds a client waits between two values; 0
  acceptor_count 3      # optional: how many acceptors the cluster began with; 3
  interface      eth0   # optional: the network interface; chosen by the routes
  ttl            1      # optional: how many networks a datagram may cross; 1
  cluster        name   # optional: tells clusters on the same groups apart
  key_file       a.key  # optional: the key that authenticates datagrams; none
  clock_tolerance 60    # optional: seconds that two hosts' clocks may differ; 60
`
