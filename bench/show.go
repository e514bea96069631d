package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"paxos/bench/plot"
	"paxos/bench/report"
)

// writeFlags say where a report goes beside stdout.
type writeFlags struct {
	plots string
	page  string
}

func (f *writeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.plots, "plots", "", "draw the plots into this folder")
	flags.StringVar(&f.page, "page", "", "put the tables into this page, between the two comments that mark their place")
}

func (f *writeFlags) do(r report.Report) error {
	var errs []error
	if f.plots != "" {
		errs = append(errs, plot.Write(f.plots, r))
	}
	if f.page != "" {
		errs = append(errs, r.WritePage(f.page))
	}
	return errors.Join(errs...)
}

// newShow shows a report that was written before.
func newShow() *cobra.Command {
	var f writeFlags
	cmd := &cobra.Command{
		Use:     "show REPORT.json",
		Short:   "Print a report that --out has written, and draw its plots",
		Example: "  go run . show result.json --plots ../docs/comparison --page ../docs/performance.md",
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
			return errors.Join(f.do(r), r.WriteText(cmd.OutOrStdout()))
		},
	}
	f.register(cmd.Flags())
	return cmd
}
