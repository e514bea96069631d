package main

import (
	"github.com/spf13/cobra"

	"paxos/node"
	"paxos/protocol"
)

func newAcceptor() *cobra.Command {
	return role{
		role:  protocol.RoleAcceptor,
		short: "Vote on values and keep them on disk",
		long: `Vote on values and keep them on disk.

A value counts once a majority of the acceptors has made it durable. A cluster
begins with acceptors 1 to acceptor_count (3). The store in --data-dir is the vote:
never delete it, copy it, or start an acceptor on another one's.

One whose store is lost is replaced: another acceptor, with a higher number, is
added (paxos acceptors add) and started with --join; acceptor_count stays as it
was. It copies the list and votes when it is in step.`,
		example: `  # the very first start: --init makes the store
  paxos acceptor --id 1 --config paxos.conf --init

  # every later one
  paxos acceptor --id 1 --config paxos.conf

  # a further one, after: paxos acceptors add 4 --config paxos.conf
  paxos acceptor --id 4 --config paxos.conf --join

  # on one host, in a place of one's own choice
  paxos acceptor --id 1 --config paxos.conf --interface lo --data-dir /var/lib/paxos/acceptor-1`,
		run: func(cmd *cobra.Command, o node.Options) error { return node.Run(cmd.Context(), o) },
	}.command()
}
