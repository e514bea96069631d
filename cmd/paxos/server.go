package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"paxos/engine"
	"paxos/internal/config"
	"paxos/internal/exporter"
	"paxos/node"
	"paxos/node/metrics"
	"paxos/server"
)

// defaultReserve of the disk is kept free, in bytes.
const defaultReserve = 256 << 20

// serverFlags are the flags of a list server.
type serverFlags struct {
	cluster     string
	port        uint16
	node        string
	dataDir     string
	init        bool
	join        bool
	clusterName string
	listen      string
	reserve     int64
	checkpoint  int
	election    time.Duration
	security    securityFlags
	metrics     metricsFlags
	logLevel    string
	logJSON     bool
}

func newServer() *cobra.Command {
	var f serverFlags
	cmd := &cobra.Command{
		Use:   "server --cluster FILE [--node HOST:PORT]",
		Short: "Keep one replica of the list, and serve it over HTTP",
		Long: `Keep one replica of the list, and serve it over HTTP.

The list servers of a cluster replicate one append-only list; a majority of them
must run. Any server takes any request; docs/http-api.md has them all. The cluster
file names the servers, the same everywhere:
` + clusterHelp + `
A server that is not told which line it is finds out: it listens where each line
may mean, and asks each for its id until one leads back to itself.

A server that was added to a running cluster (paxos member add) is started with
--join: it learns from the others who they are, copies the list, and votes when
it is in step. Its later starts need its folder only, and the same --node.

SIGTERM and SIGINT shut it down cleanly: a leader hands over first.

` + exitHelp,
		Example: `  # on each of the machines: the very first start, --init makes the store
  paxos server --cluster servers --init

  # every later one
  paxos server --cluster servers

  # a further one, in a new folder, after: paxos member add servers n4:5000
  paxos server --cluster servers --node n4:5000 --data-dir /var/lib/paxos --join

  # with a line, a folder, and protection of one's own choice
  paxos server --cluster servers --node n1:5000 --data-dir /var/lib/paxos \
      --tls-cert n1.pem --tls-key n1.key --peer-ca servers-ca.pem --token-file token`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command) error { return f.run(cmd) }),
	}
	f.register(cmd)
	return cmd
}

const clusterHelp = `
  # host:port or host a line; the port is 5000 then
  n1
  n2:5001
  [2001:db8::7]:5000
`

func (f *serverFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.cluster, "cluster", "", "cluster file")
	flags.StringVar(&f.node, "node", "", "this server's line (default: found out)")
	flags.Uint16Var(&f.port, "port", config.DefaultPort, "port of lines without one")
	flags.StringVar(&f.dataDir, "data-dir", "", "folder of the store (default: paxos-data/server-ID next to the cluster file)")
	flags.BoolVar(&f.init, "init", false, "make a new store in a folder that holds none: for the very first start only")
	flags.BoolVar(&f.join, "join", false, "join a running cluster that this server was added to; makes a new store if there is none")
	flags.StringVar(&f.clusterName, "cluster-name", "", "name of the cluster, the same for all its servers, for ever (default: made from the addresses)")
	flags.StringVar(&f.listen, "listen", "", "address to listen on (default: that of the line if it is an IP address, else all)")
	flags.Int64Var(&f.reserve, "reserve", defaultReserve, "refuse appends while the disk has less room, in bytes; 0: never")
	f.security.register(cmd)
	f.metrics.register(cmd)
	flags.StringVar(&f.logLevel, "log-level", "", "trace, debug, info, warn, error or off (also "+envLogLevel+"; default info)")
	flags.BoolVar(&f.logJSON, "log-json", false, "log in JSON")
	flags.IntVar(&f.checkpoint, "checkpoint-bytes", 0, "bytes of values between two checkpoints, for tests")
	_ = flags.MarkHidden("checkpoint-bytes")
	registerElection(cmd, &f.election)
	_ = cmd.MarkFlagRequired("cluster")
	_ = cmd.MarkFlagFilename("cluster")
	_ = cmd.MarkFlagDirname("data-dir")
	flags.SortFlags = false
}

// registerElection adds a flag for tests: with a long time they see that a
// leadership changes for other reasons than silence.
func registerElection(cmd *cobra.Command, to *time.Duration) {
	cmd.Flags().DurationVar(to, "election-timeout", 0, "least silence of a leader after which another one stands, for tests")
	_ = cmd.Flags().MarkHidden("election-timeout")
}

// electionTiming is what the flag says; 0 is the usual.
func electionTiming(least time.Duration) node.Timing {
	return node.Timing{ElectionMin: max(least, 0), ElectionMax: 2 * max(least, 0)}
}

// listServer is a server that knows what it is.
type listServer struct {
	flags    *serverFlags
	servers  config.Servers
	security security
	self     config.Server // where it is
	listener *net.TCPListener
	page     *exporter.Exporter // nil: without --metrics
	log      hclog.Logger

	monitoring monitoring
}

func (f *serverFlags) run(cmd *cobra.Command) error {
	s, err := f.resolve(cmd)
	if err != nil {
		return fail(exitUsage, err)
	}
	if s.page, err = s.monitoring.listen(); err != nil {
		return err
	}
	defer s.page.Close()
	if err := s.find(cmd.Context()); err != nil {
		if cmd.Context().Err() != nil {
			return nil // it was asked to stop before it was anything
		}
		return fail(exitUsage, err)
	}
	if s.log, err = f.logger(cmd); err != nil {
		return fail(exitUsage, err)
	}
	err = s.serve(cmd.Context())
	switch code := storeExitCode(err); {
	case err == nil, errors.Is(err, engine.ErrPlace) && cmd.Context().Err() != nil: // it was asked to stop before it was anything
		return nil
	case errors.Is(err, engine.ErrPlace):
		return fail(exitUsage, err)
	default:
		s.log.Error("gave up", "error", err, "exit_code", code)
		return reported{fail(code, err)}
	}
}

// resolve reads all files. Its errors are the user's to mend.
func (f *serverFlags) resolve(cmd *cobra.Command) (s listServer, err error) {
	s.flags = f
	if f.reserve < 0 || f.checkpoint < 0 || f.port == 0 {
		return s, fmt.Errorf("--reserve %d --checkpoint-bytes %d --port %d: want at least 0, 0 and 1", f.reserve, f.checkpoint, f.port)
	}
	if !config.ValidName(f.clusterName) {
		return s, fmt.Errorf("--cluster-name %q: want one word of up to 64 printable ASCII characters", f.clusterName)
	}
	if f.join && f.node == "" {
		return s, errors.New("--join needs --node HOST:PORT, as it was given to paxos member add")
	}
	if f.join && f.dataDir == "" {
		return s, errors.New("--join needs --data-dir DIR: later starts find there who this server is")
	}
	if _, err := f.logger(cmd); err != nil {
		return s, err
	}
	if s.monitoring, err = f.metrics.resolve(cmd); err != nil {
		return s, err
	}
	if s.servers, err = config.LoadServers(f.cluster, f.port); err != nil {
		return s, err
	}
	s.security, err = f.security.load()
	return s, err
}

// logger has no name yet: the engine finds out who this is.
func (f *serverFlags) logger(cmd *cobra.Command) (hclog.Logger, error) {
	r := roleFlags{logJSON: f.logJSON}
	return r.loggerNamed(cmd, "")
}

// find finds the server's own line, and listens there.
func (s *listServer) find(ctx context.Context) (err error) {
	if s.flags.node == "" {
		s.self, s.listener, err = newDiscovery(s.servers, s.flags.listen, s.security).run(ctx)
		return err
	}
	if s.self, err = s.servers.Find(s.flags.node, s.flags.port); err != nil && !s.mayBeNew() {
		return fmt.Errorf("--node: %w", err)
	} else if err != nil {
		if s.self, err = config.ParseServer(s.flags.node, s.flags.port); err != nil {
			return fmt.Errorf("--node %q: %w", s.flags.node, err)
		}
	}
	s.listener, err = listenOn(s.self, s.flags.listen)
	return err
}

// serve runs the server until ctx is done or something fails.
func (s *listServer) serve(ctx context.Context) error {
	e, err := engine.Start(ctx, s.engineOptions())
	if err != nil {
		return errors.Join(err, s.listener.Close())
	}
	s.log = s.log.Named(e.Name())
	s.security.warn(s.log, s.listener.Addr())
	s.log.Info("serving", "listen", s.listener.Addr().String(), "node", s.self.Address(), "servers", len(e.Status().First),
		"tls", s.security.tls != nil, "peers_authenticated", s.security.signers != nil, "token", s.security.token != "")

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		<-e.Failed()
		cancel() // nobody must wait for an engine that has ended
	}()
	front := server.New(server.Options{
		Engine: frontEngine(e), Token: s.security.token, Peer: e.PeerHandler(), PeerStatus: peerStatus(e),
		Log: s.log, Version: programVersion(), Limits: server.Limits{Connections: s.flags.security.maxConnections},
	})
	s.page.Serve(exporter.Options{
		Page: front.MetricsPage(), Health: metrics.Source(e.Figures).Health, Profiles: s.monitoring.pprof, Log: s.log,
	})
	err = front.Serve(ctx, s.security.listener(s.listener))
	return errors.Join(e.Stop(), err)
}

// frontEngine is what the front door asks. Tests put a broken one in its place, to see
// that the checks of a history find it.
var frontEngine = func(e server.Engine) server.Engine { return e }

// engineOptions make an engine whose list is all that there is: no machine reads it.
func (s *listServer) engineOptions() engine.Options {
	return engine.Options{
		Dir: s.dataDir(), Self: s.self.Address(), Peers: s.servers.Addresses(), Cluster: s.flags.clusterName,
		Init: s.flags.init, Join: s.flags.join, Mount: true, Log: s.log,
		ServeTLS: s.security.tls, DialTLS: s.security.peers,
		ReserveBytes: s.flags.reserve, CheckpointBytes: s.flags.checkpoint, Timing: electionTiming(s.flags.election),
	}
}

// peerStatus tells the front door what the engine knows of its connections.
func peerStatus(e *engine.Engine) func() []server.PeerStatus {
	return func() (all []server.PeerStatus) {
		for _, p := range e.Peers() {
			all = append(all, server.PeerStatus{
				ID: p.ID, Address: p.Address, Connected: p.Connected, QueuedBytes: int64(p.QueuedBytes), Shed: p.Shed,
			})
		}
		return all
	}
}

// programVersion is what a server says of its program.
func programVersion() string {
	info, _ := debug.ReadBuildInfo()
	return strings.TrimPrefix(versionLine(version, info), "paxos ")
}
