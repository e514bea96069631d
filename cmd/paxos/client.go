package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/bench"
	"paxos/internal/lines"
	"paxos/internal/terminal"
	"paxos/node"
	"paxos/protocol"
)

// clientFlags are the flags that only a client has.
type clientFlags struct {
	roleFlags
	timeout float64
	window  int
	json    bool

	// A load made here instead of read from stdin, for paxos bench.
	generateBytes   int
	generateSeconds float64
}

func newClient() *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "client --id N [--config FILE] < values",
		Short: "Submit values from stdin, one a line",
		Long: `Submit values from stdin, one a line.

Each line is one value, also an empty one, and equal lines are different values.
They end with LF or CRLF; the last may lack its end. The values of one client are
learned in the order in which it read them, each exactly once. How long a value
may be follows from the largest datagram that the network carries.

The exit code is 0 only if every value was acknowledged: a majority of the
acceptors has it on disk. Clients need no --init, and two may have the same --id.

` + exitHelp,
		Example: `  seq 1000 | paxos client --id 1 --config paxos.conf

  # one value every tenth of a second, and a report in JSON
  paxos client --id 1 --config paxos.conf --timeout 0.1 --json < values`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command) error { return f.run(cmd) }),
	}
	f.register(cmd, protocol.RoleClient)
	cmd.Flags().Float64Var(&f.timeout, "timeout", 0, "seconds to wait between two values (also config key timeout)")
	cmd.Flags().IntVar(&f.window, "window", protocol.SessionWindow, fmt.Sprintf("most values without acknowledgement, 1 to %d", protocol.SessionWindow))
	cmd.Flags().BoolVar(&f.json, "json", false, "report in JSON on stdout at the end")
	cmd.Flags().IntVar(&f.generateBytes, "generate-bytes", 0, "make values of that size instead of reading stdin")
	cmd.Flags().Float64Var(&f.generateSeconds, "generate-seconds", 0, "for how long")
	_ = cmd.Flags().MarkHidden("generate-bytes")
	_ = cmd.Flags().MarkHidden("generate-seconds")
	return cmd
}

func (f *clientFlags) run(cmd *cobra.Command) error {
	if f.timeout < 0 || f.timeout > 86400 {
		return fail(exitUsage, fmt.Errorf("--timeout %g: want 0 to 86400 seconds", f.timeout))
	}
	if f.window < 1 || f.window > protocol.SessionWindow {
		return fail(exitUsage, fmt.Errorf("--window %d: want 1 to %d", f.window, protocol.SessionWindow))
	}
	s, err := f.resolve(cmd, protocol.RoleClient)
	if err != nil {
		return err
	}
	page, err := s.monitoring.listen()
	if err != nil {
		return err
	}
	defer page.Close()
	t, err := s.open()
	if err != nil {
		return err
	}
	next, err := f.source(cmd, t.MaxDatagram(), s.config.Acceptors)
	if err != nil {
		return fail(exitUsage, err)
	}
	status := terminal.NewStatus(cmd.ErrOrStderr())
	report, err := node.RunClient(cmd.Context(), node.ClientOptions{
		Self: s.self, Cluster: s.cluster, Acceptors: s.config.Acceptors, Transport: t, Log: s.log,
		Next:     next,
		Pause:    f.pause(cmd, s.config.Timeout),
		Window:   f.window,
		Probe:    s.monitoring.watch(page, s.log),
		Progress: func(r node.ClientReport) { status.Show("%s", describe(r)) },
	})
	status.Clear()
	return f.finish(cmd, s, report, err)
}

// source is where the values come from. How long one may be follows from the
// largest datagram, by the same rule as in the client's core.
func (f *clientFlags) source(cmd *cobra.Command, datagram, acceptors int) (func() ([]byte, error), error) {
	sizes, err := node.SizesFor(datagram, acceptors)
	if err != nil {
		return nil, err
	}
	if f.generateSeconds > 0 {
		return bench.Generate(min(f.generateBytes, sizes.Payload), time.Duration(f.generateSeconds*float64(time.Second))), nil
	}
	return lines.NewReader(cmd.InOrStdin(), sizes.Payload).Next, nil
}

func (f *clientFlags) pause(cmd *cobra.Command, configured time.Duration) time.Duration {
	if cmd.Flags().Changed("timeout") {
		return time.Duration(f.timeout * float64(time.Second))
	}
	return configured
}

// finish reports, for people and programs, how it went.
func (f *clientFlags) finish(cmd *cobra.Command, s settings, r node.ClientReport, err error) error {
	if err != nil {
		err = unfinished(r, err)
		s.log.Error("gave up", "error", err, "exit_code", exitFailed)
		err = reported{fail(exitFailed, err)}
	}
	if f.json {
		return errors.Join(err, writeClientReport(cmd.OutOrStdout(), r))
	}
	if err == nil {
		fmt.Fprintln(cmd.ErrOrStderr(), describe(r))
	}
	return err
}

// unfinished adds to an error what is known of the values.
func unfinished(r node.ClientReport, err error) error {
	if open := r.Submitted - r.Acked; open > 0 {
		return fmt.Errorf("%w; %d values acknowledged, and the outcome of %d more is unknown", err, r.Acked, open)
	}
	return fmt.Errorf("%w; %d values acknowledged, no other was submitted", err, r.Acked)
}

func rate(r node.ClientReport) float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Acked) / r.Elapsed.Seconds()
}

func describe(r node.ClientReport) string {
	return fmt.Sprintf("%d values acknowledged in %.2f s (%.0f/s)", r.Acked, r.Elapsed.Seconds(), rate(r))
}

func writeClientReport(w io.Writer, r node.ClientReport) error {
	return json.NewEncoder(w).Encode(struct {
		Submitted       uint64  `json:"submitted"`
		Acknowledged    uint64  `json:"acknowledged"`
		Seconds         float64 `json:"seconds"`
		ValuesPerSecond float64 `json:"values_per_second"`
	}{r.Submitted, r.Acked, r.Elapsed.Seconds(), rate(r)})
}
