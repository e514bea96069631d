package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/torture/report"
)

func newTortureServeCommand() *cobra.Command {
	var dir, address string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Show past torture runs in a browser",
		Long: `Show past torture runs in a browser.

Lists the runs in a folder, newest first, with verdict and options; each has a page with
its plots, its checks and links to all its files. Nothing can be changed there. It listens on the
loopback interface unless told otherwise, prints its address, and goes on until a signal.

Exit codes:
  0  ended by SIGTERM or SIGINT
  1  it could not listen, or had to end
  2  wrong flags, or no such folder`,
		Example: `  paxos torture serve
  paxos torture serve --dir /var/tmp/runs --address 127.0.0.1:8080`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command) error { return serveRuns(cmd, dir, address) }),
	}
	flags := cmd.Flags()
	flags.StringVar(&dir, "dir", tortureRoot, "folder with the runs")
	flags.StringVar(&address, "address", "127.0.0.1:0", "host:port to listen at; port 0: any that is free")
	flags.SortFlags = false
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}

func serveRuns(cmd *cobra.Command, dir, address string) error {
	// A root, so that neither a name nor a symbolic link leads out of the folder.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fail(exitUsage, fmt.Errorf("--dir: %w", err))
	}
	defer root.Close()
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("--address %s: %w", address, err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "http://%s/\n", l.Addr())
	return serveUntil(cmd.Context(), l, report.NewHandler(root.FS()))
}

// serveUntil serves until the context ends, and gives what goes on then a moment to end.
func serveUntil(ctx context.Context, l net.Listener, handler http.Handler) error {
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      5 * time.Minute, // histories are large
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	stop := context.AfterFunc(ctx, func() {
		soon, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if s.Shutdown(soon) != nil {
			s.Close()
		}
	})
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
