package main

import (
	"github.com/spf13/cobra"
)

func newRepair() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "repair",
		Short: "Repair a store, or what is left of a cluster",
		Long: `Repair a store, or what is left of a cluster. docs/recovery.md says which is for what.

A store that was repaired has a new store id and no vote: it has forgotten what the
old one promised. What was in the folder before is kept in it, under before-TIME.

` + consentHelp,
		Example: `  paxos repair cut-tail data --dry-run
  paxos repair cut-tail data --cluster servers
  paxos repair rebuild data --cluster servers
  paxos repair new-cluster data --node n1:5000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCutTail(), newRebuild(), newNewCluster())
	return cmd
}
