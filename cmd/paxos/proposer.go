package main

import (
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/bench"
	"paxos/node"
	"paxos/protocol"
)

func newProposer() *cobra.Command {
	var load string
	var election time.Duration
	cmd := role{
		role:  protocol.RoleProposer,
		short: "Put values into an order and have them accepted",
		long: `Put values into an order and have them accepted.

One proposer leads; the others take over when it falls silent. Any number of
them may run.`,
		example: `  # the very first start: --init makes the store
  paxos proposer --id 1 --config paxos.conf --init

  # every later one
  paxos proposer --id 1 --config paxos.conf`,
		run: func(cmd *cobra.Command, o node.Options) error {
			if load != "" {
				var err error
				if o.Load, err = bench.ParseLoad(load, cmd.OutOrStdout()); err != nil {
					return err
				}
			}
			o.Timing = electionTiming(election)
			return node.Run(cmd.Context(), o)
		},
	}.command()
	cmd.Flags().StringVar(&load, "load", "", "phases of load that this process makes itself, for paxos bench")
	_ = cmd.Flags().MarkHidden("load")
	registerElection(cmd, &election)
	return cmd
}
