package main

import (
	"github.com/spf13/cobra"

	"paxos/protocol"
)

func newProposer() *cobra.Command {
	return role{
		role:  protocol.RoleProposer,
		short: "Put values into an order and have them accepted",
		long: `Put values into an order and have them accepted.

One proposer leads; the others take over when it falls silent. Any number of
them may run.`,
		example: `  # the very first start: --init makes the store
  paxos proposer --id 1 --config paxos.conf --init

  # every later one
  paxos proposer --id 1 --config paxos.conf`,
		run: runNode,
	}.command()
}
