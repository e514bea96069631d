package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker (-X main.version=v1.2.3); otherwise what the go
// command knows counts.
var version string

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  paxos version",
		Args:    cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command) error {
			info, _ := debug.ReadBuildInfo()
			_, err := fmt.Fprintln(cmd.OutOrStdout(), versionLine(version, info))
			return err
		}),
	}
}

func versionLine(version string, info *debug.BuildInfo) string {
	var commit, dirty string
	if info != nil {
		version = cmp.Or(version, info.Main.Version)
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = ", commit " + s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = " with changes"
			}
		}
	}
	return fmt.Sprintf("paxos %s (%s %s/%s%s%s)", cmp.Or(version, "(devel)"), runtime.Version(), runtime.GOOS, runtime.GOARCH, commit, dirty)
}
