package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"paxos/internal/demo"
	"paxos/internal/terminal"
)

// demoFlags are the flags of the demo.
type demoFlags struct {
	values  int
	clients int
	dir     string
	keep    bool
	json    bool
}

func newDemo() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a whole cluster on this host, kill parts of it, and check the result",
		Long: `Run a whole cluster on this host, kill parts of it, and check the result.

Starts 3 acceptors, 2 proposers and 2 learners as processes that talk over
multicast on the loopback interface, with stores in a temporary folder, and
clients that send random values. On the way it kills an acceptor and the leading
proposer with SIGKILL and starts them again. Then it checks that

  - both learners printed the same values in the same order,
  - nothing was learned that was not sent, and nothing twice,
  - everything that was sent was learned.

The values go to the clients in slices, as fast as they take them, and each kill
comes right after a slice, so that it finds values on their way: the report says
how many. Seconds and values a second thus include the time without a leader;
'paxos bench' measures speed.

It needs no root and no set-up. The folder is removed in the end, unless a check
failed or --keep or --data-dir is given. The exit code is 1 if a check failed.`,
		Example: `  paxos demo
  paxos demo --values 1000000 --clients 4
  paxos demo --data-dir /tmp/look-at-it`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command) error { return f.run(cmd) }),
	}
	flags := cmd.Flags()
	flags.IntVar(&f.values, "values", 10_000, "how many values each client sends")
	flags.IntVar(&f.clients, "clients", 2, "how many clients")
	flags.StringVar(&f.dir, "data-dir", "", "empty or missing folder for the cluster (default: a temporary one)")
	flags.BoolVar(&f.keep, "keep", false, "keep the temporary folder")
	flags.BoolVar(&f.json, "json", false, "report in JSON")
	flags.SortFlags = false
	_ = cmd.MarkFlagDirname("data-dir")
	return cmd
}

func (f *demoFlags) run(cmd *cobra.Command) error {
	if f.values < 1 || f.clients < 1 {
		return fail(exitUsage, fmt.Errorf("--values %d --clients %d: want at least 1 of each", f.values, f.clients))
	}
	dir, temporary, err := clusterFolder(f.dir, "paxos-demo-")
	if err != nil {
		return err
	}
	status := terminal.NewStatus(cmd.ErrOrStderr())
	report, err := demo.Run(cmd.Context(), demo.Options{
		Dir: dir, Clients: f.clients, Values: f.values,
		Event: func(e demo.Event) { status.Show("%s", e) },
	})
	status.Clear()
	if err == nil {
		err = f.print(cmd, &report)
	}
	interrupted := err != nil && cmd.Context().Err() != nil
	if interrupted {
		err = errors.New("interrupted")
	}
	if temporary && !f.keep && (err == nil || interrupted) {
		return errors.Join(err, os.RemoveAll(dir))
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "The cluster's config, stores, logs and outputs are in %s\n", dir)
	return err
}

func (f *demoFlags) print(cmd *cobra.Command, r *demo.Report) error {
	err := printReport(cmd, f.json, r)
	if err == nil && !r.OK() {
		err = errors.New("a check failed")
	}
	return err
}

// clusterFolder returns the folder that was asked for, if nothing is in it, or
// else a temporary one.
func clusterFolder(asked, prefix string) (dir string, temporary bool, err error) {
	if asked == "" {
		dir, err = os.MkdirTemp("", prefix)
		return dir, true, err
	}
	found, err := os.ReadDir(asked)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", false, fail(exitUsage, fmt.Errorf("--data-dir: %w", err))
	}
	if len(found) > 0 {
		return "", false, fail(exitUsage, fmt.Errorf("--data-dir %s: the folder is not empty: name an empty or a missing one", asked))
	}
	return asked, false, nil
}
