package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"paxos/bench/peer"
	"paxos/bench/replica"
)

// newReplica is what this program's child processes run.
func newReplica() *cobra.Command {
	return &cobra.Command{
		Use:    "replica SPEC",
		Short:  "Play one replica or client of a system, until SIGTERM",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var spec replica.Spec
			if err := json.Unmarshal([]byte(args[0]), &spec); err != nil {
				return fmt.Errorf("what to play: %w", err)
			}
			d, err := peer.Open(cmd.Context(), spec)
			if err != nil {
				return err
			}
			return replica.Serve(cmd.Context(), spec.Dir, d)
		},
	}
}
