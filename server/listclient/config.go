package listclient

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/protocol"
)

// DefaultPort is the port of a server that is named without one.
const DefaultPort = "5000"

// Config says where the list is. Only Servers is needed.
type Config struct {
	// Servers are the list servers, host:port each (or a host; then the port is
	// DefaultPort). The first is asked first. Those of the cluster that are not
	// named here are never asked.
	Servers []string
	// Token is sent as bearer token if it is not empty.
	Token string
	// TLS makes all connections TLS, with this configuration. If it names no server,
	// each certificate must be for the host it is expected from.
	TLS *tls.Config

	// Timeout is how long one server may take for one request, before the next is
	// asked. A list or watch must get its first bytes in that time, a list the following ones, too.
	// Default 2 s.
	Timeout time.Duration
	// DialTimeout is how long a connection may take. Default 500 ms.
	DialTimeout time.Duration
	// GiveUp is how long a request is repeated. A session one of whose batches was
	// repeated for so long is given up. Default 1 min.
	GiveUp time.Duration
	// WatchSilence is how long a watch may be silent before another server is asked for
	// the rest; servers send a sign of life every 15 s. Default 35 s.
	WatchSilence time.Duration

	// Pipeline is how many batches of appends may be under way, 1 to 16. Default 1: more than one pays only
	// where values are so large that the 1024 commands a session may have under way do not fit one batch (480 KiB), for
	// requests on different connections may overtake each other, and then have to be repeated.
	Pipeline int
	// ReadPipeline is how many batches of reads of single entries may be under way, 1 to 16. Default 1: what is asked
	// meanwhile makes one larger batch, which costs everybody less.
	ReadPipeline int
	// QueueBytes of appends may wait to be sent; calls beyond it wait for room.
	// Each value counts 128 bytes more than it has. Default 4 MiB, at least 64 KiB.
	QueueBytes int
	// MaxValue is the longest value as JSON text, in bytes: longer ones are refused without
	// asking a server. Default and maximum protocol.MaxPayload (16 KiB).
	MaxValue int

	// Log gets what may interest an operator: fail-over at debug, sessions given up at warn.
	// Default none.
	Log hclog.Logger
}

func (cfg Config) withDefaults() Config {
	orDefault(&cfg.Timeout, 2*time.Second)
	orDefault(&cfg.DialTimeout, 500*time.Millisecond)
	orDefault(&cfg.GiveUp, time.Minute)
	orDefault(&cfg.WatchSilence, 35*time.Second)
	orDefault(&cfg.Pipeline, 1)
	orDefault(&cfg.ReadPipeline, 1)
	orDefault(&cfg.QueueBytes, 4<<20)
	orDefault(&cfg.MaxValue, protocol.MaxPayload)
	if cfg.Log == nil {
		cfg.Log = hclog.NewNullLogger()
	}
	return cfg
}

func orDefault[T comparable](field *T, def T) {
	var zero T
	if *field == zero {
		*field = def
	}
}

func (cfg Config) check() error {
	switch {
	case len(cfg.Servers) == 0:
		return errors.New("no servers are named")
	case strings.ContainsAny(cfg.Token, "\r\n"):
		return errors.New("the token has a line break")
	case cfg.Timeout < 0 || cfg.DialTimeout < 0 || cfg.GiveUp < 0 || cfg.WatchSilence < 0:
		return errors.New("a time is negative")
	case cfg.Pipeline < 1 || cfg.Pipeline > 16 || cfg.ReadPipeline < 1 || cfg.ReadPipeline > 16:
		return errors.New("a pipeline is 1 to 16 batches")
	case cfg.QueueBytes < 64<<10:
		return errors.New("the queue (QueueBytes) has less than 64 KiB")
	case cfg.MaxValue < 1 || cfg.MaxValue > protocol.MaxPayload:
		return fmt.Errorf("the longest value (MaxValue) is 1 to %d bytes", protocol.MaxPayload)
	}
	return nil
}

// hostPort completes and checks the name of a server.
func hostPort(name string) (string, error) {
	if strings.ContainsAny(name, " \t\r\n/@") {
		return "", fmt.Errorf("%q is not host:port", name)
	}
	host, port, err := net.SplitHostPort(name)
	if err != nil {
		host, port, err = net.SplitHostPort(net.JoinHostPort(strings.Trim(name, "[]"), DefaultPort))
	}
	if err != nil || host == "" || port == "" {
		return "", fmt.Errorf("%q is not host:port", name)
	}
	return net.JoinHostPort(host, port), nil
}
