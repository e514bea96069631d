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

A value counts once a majority of the acceptors has made it durable. Acceptors
are numbered from 1 to acceptor_count (3). The store in --data-dir is the vote:
never delete it, copy it, or start an acceptor on another one's.`,
		example: `  # the very first start: --init makes the store
  paxos acceptor --id 1 --config paxos.conf --init

  # every later one
  paxos acceptor --id 1 --config paxos.conf

  # on one host, in a place of one's own choice
  paxos acceptor --id 1 --config paxos.conf --interface lo --data-dir /var/lib/paxos/acceptor-1`,
		run: func(cmd *cobra.Command, o node.Options) error { return node.Run(cmd.Context(), o) },
	}.command()
}
