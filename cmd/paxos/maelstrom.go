package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"paxos/internal/maelstrom"
)

// maelstromFlags are the flags of a node for Maelstrom.
type maelstromFlags struct {
	dataDir  string
	timeout  time.Duration
	election time.Duration
	logLevel string
	logJSON  bool
}

func newMaelstrom() *cobra.Command {
	var f maelstromFlags
	cmd := &cobra.Command{
		Use:   "maelstrom",
		Short: "Be a node for Maelstrom, so that Jepsen's checkers can judge the engine",
		Long: `Be a node for Maelstrom, so that Jepsen's checkers can judge the engine.

Maelstrom (https://github.com/jepsen-io/maelstrom) starts some of these, carries
their messages over a simulated network, sends requests, and checks the answers.
The node reads messages on stdin and writes messages to stdout, one JSON object a
line; logs go to stderr. It serves two workloads:

  - lin-kv: read, write and cas on registers, linearizable;
  - txn-list-append: transactions of reads and appends, strict-serializable.

Inside is the engine of 'paxos server', with its store on a disk; only the network
is Maelstrom's. docs/maelstrom.md has more.

` + exitHelp,
		Example: `  # a script that Maelstrom can start
  printf '#!/bin/sh\nexec /usr/local/bin/paxos maelstrom\n' > paxos-maelstrom.sh
  chmod +x paxos-maelstrom.sh

  # linearizable registers, with partitions and delays
  maelstrom test -w lin-kv --bin ./paxos-maelstrom.sh --node-count 3 \
      --concurrency 4n --rate 100 --time-limit 60 --nemesis partition \
      --nemesis-interval 10 --latency 20 --latency-dist exponential

  # the same program without a script: its arguments come after --
  maelstrom test -w txn-list-append --bin /usr/local/bin/paxos --node-count 5 \
      --concurrency 4n --rate 100 --time-limit 60 --nemesis partition -- maelstrom

  # by hand
  echo '{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}' |
      paxos maelstrom`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command) error { return f.run(cmd) }),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.dataDir, "data-dir", "", "folder for the stores, one for each node in it (default: a temporary one)")
	flags.DurationVar(&f.timeout, "timeout", maelstrom.DefaultTimeout, "answer a request with an error after this time")
	flags.DurationVar(&f.election, "election-timeout", 0, "least silence of a leader after which another node stands, at the most twice (default 500ms to 800ms)")
	flags.StringVar(&f.logLevel, "log-level", "", "trace, debug, info, warn, error or off (also "+envLogLevel+"; default info)")
	flags.BoolVar(&f.logJSON, "log-json", false, "log in JSON")
	flags.SortFlags = false
	_ = cmd.MarkFlagDirname("data-dir")
	return cmd
}

func (f *maelstromFlags) run(cmd *cobra.Command) error {
	if f.timeout <= 0 || f.election < 0 {
		return fail(exitUsage, fmt.Errorf("--timeout %v --election-timeout %v: want more than 0 and at least 0", f.timeout, f.election))
	}
	log, err := f.logger(cmd)
	if err != nil {
		return fail(exitUsage, err)
	}
	err = maelstrom.Run(cmd.Context(), maelstrom.Options{
		In: cmd.InOrStdin(), Out: cmd.OutOrStdout(), Log: log,
		DataDir: f.dataDir, Timeout: f.timeout, ElectionTimeout: f.election,
	})
	if err == nil {
		return nil
	}
	code := storeExitCode(err)
	log.Error("gave up", "error", err, "exit_code", code)
	return reported{fail(code, err)}
}

func (f *maelstromFlags) logger(cmd *cobra.Command) (hclog.Logger, error) {
	text := first(cmd, "log-level", envLogLevel, "info")
	level := hclog.LevelFromString(text)
	if level == hclog.NoLevel {
		return nil, fmt.Errorf("log level %q: want trace, debug, info, warn, error or off (--log-level, %s)", strings.TrimSpace(text), envLogLevel)
	}
	return hclog.New(&hclog.LoggerOptions{Name: "maelstrom", Level: level, Output: cmd.ErrOrStderr(), JSONFormat: f.logJSON}), nil
}
