package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"paxos/bench/plot"
	"paxos/bench/report"
)

// newPlot draws the plots of a report that was written before.
func newPlot() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "plot REPORT.json --plots DIR",
		Short:   "Draw the plots of a report that --out has written, and print it",
		Example: "  go run . plot result.json --plots ../docs/plots",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			var r report.Report
			if err := json.Unmarshal(text, &r); err != nil {
				return fmt.Errorf("read the report %s: %w", args[0], err)
			}
			return errors.Join(plot.Write(dir, r), r.WriteText(cmd.OutOrStdout()))
		},
	}
	cmd.Flags().StringVar(&dir, "plots", ".", "the folder")
	return cmd
}
