package stream

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/protocol"
)

const (
	// DefaultPath is where the accepting side listens on the HTTP port.
	DefaultPath = "/peer"
	// DefaultQueue bounds what waits for one peer, in bytes: 8 MiB.
	DefaultQueue = 8 << 20
)

const (
	// synTimeout bounds a TCP connect. A lost SYN is repeated by dialling again:
	// the kernel would wait one second, then two, after a partition has healed.
	synTimeout = 500 * time.Millisecond
	// backoffMin and backoffMax bound the pause between the starts of two attempts.
	backoffMin = 50 * time.Millisecond
	backoffMax = time.Second
)

// times are what tests cannot wait for.
type times struct {
	connect time.Duration // bounds reaching a peer: dialling, TLS, the upgrade
	write   time.Duration // bounds one write of up to writeBytes
	// ack is how long sent bytes may stay unacknowledged, or the peer's window
	// closed: TCP repeats them ever more seldom, and a new connection is cheap.
	ack time.Duration
}

var realTimes = times{connect: 3 * time.Second, write: 5 * time.Second, ack: 2 * time.Second}

// Options says who this server is and how it reaches the others. Self and Cluster
// are needed; the zero value of all else is a good one.
type Options struct {
	Self    protocol.Peer // a RoleServer
	Cluster protocol.ClusterID
	Log     hclog.Logger

	// Dial connects to a peer's address, with TLS if it wants; DialTLS makes one.
	// It must end when ctx does. nil means plain TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
	// Header is sent with each request to upgrade, for the other side's Authorize.
	Header http.Header
	// Authorize, if not nil, says why a request to upgrade is refused (403, with the
	// error's text), by its certificate or header. It is called before anything else
	// of the request is believed.
	Authorize func(*http.Request) error
	// Path is what a peer's HTTP server hands to Handler; DefaultPath if empty.
	Path string

	// QueueBytes bounds what waits for one peer (each datagram counts 64 bytes on
	// top of its own); what does not fit is lost. 0 means DefaultQueue.
	QueueBytes int
	// ReceiveBuffer fixes the kernel's buffer for each accepted connection, in bytes,
	// as for SO_RCVBUF: all that waits for Receive. 0 lets it grow with use, up to
	// sysctl net.ipv4.tcp_rmem.
	ReceiveBuffer int
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Dial == nil {
		o.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			return dialer().DialContext(ctx, "tcp", address)
		}
	}
	if o.Path == "" {
		o.Path = DefaultPath
	}
	if o.QueueBytes <= 0 {
		o.QueueBytes = DefaultQueue
	}
}

// DialTLS returns a Dial for peers that speak TLS. The peer's certificate is
// checked against the host of its address, unless config names another.
func DialTLS(config *tls.Config) func(ctx context.Context, address string) (net.Conn, error) {
	return func(ctx context.Context, address string) (net.Conn, error) {
		d := tls.Dialer{NetDialer: dialer(), Config: config}
		return d.DialContext(ctx, "tcp", address)
	}
}

func dialer() *net.Dialer { return &net.Dialer{Timeout: synTimeout} }
