package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/config"
	"paxos/internal/servers"
)

// startServersFlags are the flags of start-servers.
type startServersFlags struct {
	port     uint16
	dataDir  string
	restart  bool
	reserve  int64
	logLevel string
	logJSON  bool
	security securityFlags
}

func newStartServers() *cobra.Command {
	var f startServersFlags
	cmd := &cobra.Command{
		Use:   "start-servers FILE",
		Short: "Run all list servers of a cluster file on this host",
		Long: `Run all list servers of a cluster file on this host.

Each line's server is a child process. Stores and logs go to a fresh temporary
folder, which is named at the start and stays, so that each start begins with an
empty list; with --data-dir the list goes on where it was. Its sub-folder server-N
is the store of server N, server-N.log its log.

SIGTERM and SIGINT stop all servers, cleanly. If one ends by itself, all are
stopped, and the exit code is that server's; with --restart it is started again.

` + exitHelp,
		Example: `  printf 'localhost:%d\n' 5001 5002 5003 > servers
  paxos start-servers servers

  # keep the list, and servers that crashed running
  paxos start-servers servers --data-dir data --restart`,
		Args: cobra.ExactArgs(1),
		RunE: actionWith(f.run),
	}
	flags := cmd.Flags()
	flags.Uint16Var(&f.port, "port", config.DefaultPort, "port of lines without one")
	flags.StringVar(&f.dataDir, "data-dir", "", "folder for stores and logs, used again by later starts (default: a fresh temporary one)")
	flags.BoolVar(&f.restart, "restart", false, "start a server again that ended by itself, after 0.2 to 10 s")
	flags.Int64Var(&f.reserve, "reserve", defaultReserve, "refuse appends while the disk has less room, in bytes; 0: never")
	f.security.register(cmd)
	flags.StringVar(&f.logLevel, "log-level", "", "of the servers: trace, debug, info, warn, error or off (also "+envLogLevel+"; default info)")
	flags.BoolVar(&f.logJSON, "log-json", false, "servers log in JSON")
	flags.SortFlags = false
	_ = cmd.MarkFlagDirname("data-dir")
	return cmd
}

func (f *startServersFlags) run(cmd *cobra.Command, args []string) error {
	if f.port == 0 || f.reserve < 0 {
		return fail(exitUsage, fmt.Errorf("--port %d --reserve %d: want at least 1 and 0", f.port, f.reserve))
	}
	s, err := f.security.load()
	if err != nil {
		return fail(exitUsage, err)
	}
	if _, err := config.LoadServers(args[0], f.port); err != nil {
		return fail(exitUsage, err)
	}
	dir, err := f.folder()
	if err != nil {
		return err
	}
	c, err := servers.New(servers.Options{Dir: dir, File: args[0], Port: f.port, Args: f.args(), TLS: readiness(s)})
	if err != nil {
		return err
	}
	defer c.Close()
	say := func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) }
	say("stores and logs are in %s", c.Dir())
	if err := c.StartAll(); err != nil {
		return err
	}
	for i := 1; i <= c.Count(); i++ {
		say("server %d: %s, process %d", i, c.Address(i), c.Process(i).Pid())
	}
	return f.watch(cmd.Context(), c, say)
}

func (f *startServersFlags) folder() (string, error) {
	if f.dataDir != "" {
		return f.dataDir, nil
	}
	return os.MkdirTemp("", "paxos-servers-")
}

// args are what each server gets.
func (f *startServersFlags) args() []string {
	args := append(f.security.args(), "--reserve", strconv.FormatInt(f.reserve, 10))
	if f.logLevel != "" {
		args = append(args, "--log-level", f.logLevel)
	}
	if f.logJSON {
		args = append(args, "--log-json")
	}
	return args
}

// readiness is how to ask our own children if they are ready. The question is no
// secret, and a wrong answer would do no more than make us say so.
func readiness(s security) *tls.Config {
	if s.tls == nil {
		return nil
	}
	return &tls.Config{InsecureSkipVerify: true}
}

// watch keeps an eye on the servers until ctx ends or, without --restart, one of
// them does. Then it stops them all.
func (f *startServersFlags) watch(ctx context.Context, c *servers.Cluster, say func(string, ...any)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	announced := make(chan struct{})
	go func() {
		defer close(announced)
		if c.WaitReady(ctx) == nil {
			say("ready: a leader is known")
		}
	}()
	err := c.Keep(ctx, f.onEnd(say))
	cancel()
	<-announced
	if err != nil {
		say("stopping all servers")
	}
	return errors.Join(endedCode(err), c.StopAll())
}

// onEnd is what happens when a server ends by itself: nil where that ends all.
func (f *startServersFlags) onEnd(say func(string, ...any)) func(*servers.Ended, time.Duration) {
	if !f.restart {
		return nil
	}
	return func(e *servers.Ended, pause time.Duration) {
		say("%v\nserver %d is started again in %s", e, e.Server, pause)
	}
}

// endedCode gives the end of a server that server's exit code.
func endedCode(err error) error {
	var ended *servers.Ended
	if !errors.As(err, &ended) {
		return err
	}
	if ended.Code <= exitOK { // by a signal, or as if all were well
		return fail(exitFailed, err)
	}
	return fail(ended.Code, err)
}
