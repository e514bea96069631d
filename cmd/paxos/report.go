package main

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"
)

// printReport prints what a long command found out, for people or, as JSON, for
// machines.
func printReport(cmd *cobra.Command, asJSON bool, r interface{ WriteText(io.Writer) error }) error {
	if !asJSON {
		return r.WriteText(cmd.OutOrStdout())
	}
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetIndent("", "  ")
	return e.Encode(r)
}
