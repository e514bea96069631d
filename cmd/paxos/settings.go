package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"paxos/internal/config"
	"paxos/protocol"
	"paxos/transport"
	"paxos/transport/multicast"
	"paxos/transport/sealed"
)

// The environment variables; a flag goes before them, the config file behind.
const (
	envInterface = "PAXOS_INTERFACE"
	envCluster   = "PAXOS_CLUSTER"
	envLogLevel  = "PAXOS_LOG_LEVEL"
	envKeyFile   = "PAXOS_KEY_FILE"
	envMetrics   = "PAXOS_METRICS"
)

// roleFlags are the flags that all roles have.
type roleFlags struct {
	id            uint32
	config        string
	iface         string
	cluster       string
	runKey        string
	keyFile       string
	logLevel      string
	logJSON       bool
	receiveBuffer int
	quiet         bool // log warnings only, if nothing else is said
	metrics       metricsFlags

	// Of the roles with a store.
	dataDir    string
	init       bool
	join       bool // of acceptors
	checkpoint int
}

func (f *roleFlags) register(cmd *cobra.Command, role protocol.Role) {
	flags := cmd.Flags()
	flags.Uint32Var(&f.id, "id", 0, "number of this "+role.String()+", from 1 on")
	_ = cmd.MarkFlagRequired("id")
	f.registerNetwork(cmd)
	f.metrics.register(cmd)
	if role != protocol.RoleClient {
		flags.StringVar(&f.dataDir, "data-dir", "", "folder of the store (default: paxos-data/"+role.String()+"-ID next to the config file)")
		flags.BoolVar(&f.init, "init", false, "make a new store in a folder that holds none: for the very first start only")
		_ = cmd.MarkFlagDirname("data-dir")
		flags.IntVar(&f.checkpoint, "checkpoint-bytes", 0, "bytes of values between two checkpoints, for tests")
		_ = flags.MarkHidden("checkpoint-bytes")
	}
	if role == protocol.RoleAcceptor {
		flags.BoolVar(&f.join, "join", false, "join a running cluster that this acceptor was added to; makes a new store if there is none")
	}
}

// registerNetwork adds what also those need who are no role.
func (f *roleFlags) registerNetwork(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "config file (default: the groups 239.0.0.1, ports 5000 to 8000)")
	flags.StringVar(&f.iface, "interface", "", "network interface, like lo (also "+envInterface+", config key interface)")
	flags.StringVar(&f.cluster, "cluster", "", "name that tells clusters on the same groups apart (also "+envCluster+", config key cluster)")
	flags.StringVar(&f.runKey, "run-key", "", "tells runs of an unnamed cluster on the same groups apart")
	flags.StringVar(&f.keyFile, "key-file", "", "file with the key that authenticates datagrams, the same for all processes (also "+envKeyFile+", config key key_file; default: no authentication)")
	flags.StringVar(&f.logLevel, "log-level", "", "trace, debug, info, warn, error or off (also "+envLogLevel+"; default "+f.usualLevel()+")")
	flags.BoolVar(&f.logJSON, "log-json", false, "log in JSON")
	flags.IntVar(&f.receiveBuffer, "receive-buffer", multicast.DefaultBuffer, "wanted size of the socket buffers in bytes; 0: the system's default")
	_ = cmd.MarkFlagFilename("config")
	_ = cmd.MarkFlagFilename("key-file")
	flags.SortFlags = false
}

// settings are what flags, environment and config file say together.
type settings struct {
	self          protocol.Peer
	config        config.Config
	cluster       protocol.ClusterID
	quorum        protocol.Quorum
	secret        sealed.Secret // nil: datagrams are not authenticated
	log           hclog.Logger
	dataDir       string
	init          bool
	checkpoint    int // bytes; 0: the usual
	receiveBuffer int
	monitoring    monitoring
}

// resolve reads the config file and joins everything. All its errors are the
// user's to mend.
func (f *roleFlags) resolve(cmd *cobra.Command, role protocol.Role) (settings, error) {
	s := settings{
		self:          protocol.Peer{Role: role, ID: protocol.NodeID(f.id)},
		dataDir:       cmp.Or(f.dataDir, f.defaultDataDir(role)),
		init:          f.init || f.join,
		checkpoint:    f.checkpoint,
		receiveBuffer: f.receiveBuffer,
	}
	if err := f.check(); err != nil {
		return s, fail(exitUsage, err)
	}
	var err error
	if s.log, err = f.logger(cmd, s.self); err != nil {
		return s, fail(exitUsage, err)
	}
	if s.monitoring, err = f.metrics.resolve(cmd); err != nil {
		return s, fail(exitUsage, err)
	}
	if s.config, err = f.loadConfig(cmd); err != nil {
		return s, fail(exitUsage, err)
	}
	if s.secret, err = readSecret(s.config.KeyFile, s.log); err != nil {
		return s, fail(exitUsage, err)
	}
	s.cluster = s.config.ClusterID(f.runKey)
	if s.quorum, err = protocol.QuorumOf(s.config.Acceptors); err != nil {
		return s, fail(exitUsage, err)
	}
	if role == protocol.RoleAcceptor {
		return s, fail(exitUsage, f.checkAcceptor(s))
	}
	return s, nil
}

// checkAcceptor tells the acceptors that the cluster began with from those that
// joined it.
func (f *roleFlags) checkAcceptor(s settings) error {
	began := s.quorum.Contains(s.self.ID)
	switch {
	case began && f.join:
		return fmt.Errorf("--join: acceptor %d is one of the %d that the cluster began with (key acceptor_count); if it is lost, add another one, with a higher number", f.id, s.config.Acceptors)
	case !began && !f.join && !hasStore(s.dataDir):
		return fmt.Errorf("the cluster began with acceptors 1 to %d (key acceptor_count, which stays as it was); give --join to acceptor %d if it was added since (paxos acceptors add %d)", s.config.Acceptors, f.id, f.id)
	}
	return nil
}

func (f *roleFlags) check() error {
	if f.id == 0 {
		return fmt.Errorf("--id 0: ids start at 1")
	}
	if f.receiveBuffer < 0 {
		return fmt.Errorf("--receive-buffer %d: must not be negative", f.receiveBuffer)
	}
	if f.checkpoint < 0 {
		return fmt.Errorf("--checkpoint-bytes %d: must not be negative", f.checkpoint)
	}
	return nil
}

// loadConfig reads the config file and lets environment and flags overrule it.
func (f *roleFlags) loadConfig(cmd *cobra.Command) (config.Config, error) {
	c := config.Default()
	if f.config != "" {
		var err error
		if c, err = config.Load(f.config); err != nil {
			return c, err
		}
	}
	c.Interface = first(cmd, "interface", envInterface, c.Interface)
	c.Cluster = first(cmd, "cluster", envCluster, c.Cluster)
	c.KeyFile = first(cmd, "key-file", envKeyFile, c.KeyFile)
	return c, nil
}

// first returns the flag's value if it was given, else the environment's, else otherwise.
func first(cmd *cobra.Command, flag, env, otherwise string) string {
	if f := cmd.Flags().Lookup(flag); f.Changed {
		return f.Value.String()
	}
	return cmp.Or(os.Getenv(env), otherwise)
}

func (f *roleFlags) defaultDataDir(role protocol.Role) string {
	return filepath.Join(filepath.Dir(f.config), "paxos-data", fmt.Sprintf("%s-%d", role, f.id))
}

// usualLevel is the log level if nothing else is said.
func (f *roleFlags) usualLevel() string {
	if f.quiet {
		return "warn"
	}
	return "info"
}

func (f *roleFlags) logger(cmd *cobra.Command, self protocol.Peer) (hclog.Logger, error) {
	return f.loggerNamed(cmd, fmt.Sprintf("%s-%d", self.Role, self.ID))
}

func (f *roleFlags) loggerNamed(cmd *cobra.Command, name string) (hclog.Logger, error) {
	text := first(cmd, "log-level", envLogLevel, f.usualLevel())
	level := hclog.LevelFromString(text)
	if level == hclog.NoLevel {
		return nil, fmt.Errorf("log level %q: want trace, debug, info, warn, error or off (--log-level, %s)", strings.TrimSpace(text), envLogLevel)
	}
	return hclog.New(&hclog.LoggerOptions{
		Name:       name,
		Level:      level,
		Output:     cmd.ErrOrStderr(),
		JSONFormat: f.logJSON,
	}), nil
}

// listens says which groups a role must hear; docs/protocol.md has the table of
// who says what to whom.
var listens = map[protocol.Role][]protocol.Group{
	protocol.RoleAcceptor: {protocol.GroupAcceptors},
	protocol.RoleProposer: {protocol.GroupProposers, protocol.GroupAcceptors, protocol.GroupLearners},
	protocol.RoleLearner:  {protocol.GroupAcceptors, protocol.GroupLearners},
	protocol.RoleClient:   {protocol.GroupClients},
}

// open joins the role's groups. Its errors say which setting to change.
func (s settings) open() (transport.Transport, error) {
	t, err := multicast.Open(multicast.Options{
		Groups:        s.config.Groups,
		Join:          listens[s.self.Role],
		Interface:     s.config.Interface,
		TTL:           s.config.TTL,
		ReceiveBuffer: s.receiveBuffer,
		SendBuffer:    s.receiveBuffer,
	})
	if err != nil {
		return nil, fail(exitUsage, err)
	}
	s.log.Debug("network", "interface", t.Interface(), "receive_buffer", t.ReceiveBuffer(), "datagram_bytes", t.MaxDatagram(), "window_bytes", t.Window())
	return s.seal(t, t.Interface(), t.Loopback())
}
