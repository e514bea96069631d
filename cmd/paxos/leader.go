package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"paxos/protocol"
	"paxos/server/listclient"
)

func newLeader() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "leader",
		Short:   "Move the leadership of the list servers",
		Long:    "Move the leadership of the list servers.",
		Example: "  paxos leader transfer servers --to 2",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLeaderTransfer())
	return cmd
}

func newLeaderTransfer() *cobra.Command {
	var f listFlags
	var to uint32
	cmd := &cobra.Command{
		Use:   "transfer FILE",
		Short: "Hand the leadership to another server, and print which",
		Long: `Hand the leadership to another server, and print which.

Appends that are under way are answered all the same. A server that is shut down
with SIGTERM hands over by itself.

` + exitHelp,
		Example: `  paxos leader transfer servers
  paxos leader transfer servers --to 2`,
		Args: cobra.ExactArgs(1),
		RunE: actionWith(func(cmd *cobra.Command, args []string) error {
			s, err := f.resolve(args[0])
			if err != nil {
				return err
			}
			return s.call(cmd.Context(), func(ctx context.Context, c *listclient.Client) error {
				leader, err := c.Transfer(ctx, protocol.NodeID(to))
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "server %s leads\n", leader)
				return err
			})
		}),
	}
	f.register(cmd)
	cmd.Flags().Uint32Var(&to, "to", 0, "id of the server that shall lead (default: any but the present leader)")
	return cmd
}
