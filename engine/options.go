package engine

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/internal/config"
	"paxos/node"
)

// Options say what a node of a replicated program is. Dir and Self must be set,
// and Peers where there is more than one node.
type Options struct {
	// Dir is the folder of the node's store. It belongs to this node alone, for
	// ever: never copy it to another one, never wipe it to start afresh.
	Dir string
	// Self is the host:port by which the other nodes reach this one. A store of the
	// member at another one of their addresses is refused (storage.ErrForeign).
	Self string
	// Peers are the host:port of the nodes that the cluster begins with, Self among
	// them, in the same order everywhere. After the first start the store knows the
	// members; then Peers are only whom to ask when all those are gone. Empty: a
	// cluster of one.
	Peers []string
	// Cluster names the cluster, so that two of them that meet on the same addresses
	// do not mix: up to 64 printable ASCII characters without a space, the same
	// everywhere, for ever. Empty: made from Peers at the first start.
	Cluster string
	// Init makes the store where Dir holds none: it is missing, or empty, or has files that
	// are no part of a store, which stay as they are. It never wipes anything.
	// It is for the very first start: a lost folder that is made again has
	// forgotten its votes (docs/servers.md, Lost disks and Init).
	Init bool
	// Join makes the store, too, of a node that was added to a running cluster
	// (AddMember), by this one's Self. Where that member votes already the store is
	// elsewhere or lost, and Start refuses (storage.ErrNotFormatted).
	Join bool

	// Machine is what the commands do; nil: the list of commands itself is all that
	// there is (Append, View).
	Machine Machine

	// Listener is where to listen for the others; nil: at Self. With Mount the engine
	// does not listen: the caller's own HTTP/1.1 server hands requests for PeerPath to
	// PeerHandler.
	Listener net.Listener
	Mount    bool
	// ServeTLS, if set, is put on the listener, and DialTLS on connections to the
	// others. Where ServeTLS has ClientCAs, the others must show a certificate that
	// one of these has signed: its ClientAuth must ask for one. Without TLS and
	// certificates, whoever reaches the port can take part, and destroy everything.
	ServeTLS, DialTLS *tls.Config

	// Log is the caller's logger; nil: nothing is logged.
	Log hclog.Logger

	// ReserveBytes of the disk are kept free: below, commands are refused (ErrFull)
	// on all nodes, while votes and images go on. 0: no reserve.
	ReserveBytes int64
	// CheckpointBytes is how many bytes of commands are decided between two
	// checkpoints, at most 4 MiB; 0: 2 MiB.
	CheckpointBytes int
	// SnapshotBytes is how many bytes of commands are applied between two images of the
	// machine, at least; also as many as the last image took. 0: 8 MiB.
	SnapshotBytes int64
	// Timing is for networks that are slower than a local one: see node.Timing.
	Timing node.Timing
}

const usualSnapshotBytes = 8 << 20

// PeerPath is what the caller's server hands to PeerHandler.
const PeerPath = "/peer"

// complete checks o and fills in what was left out. It returns the first members.
func (o *Options) complete() (config.Servers, error) {
	self, err := config.ParseServer(o.Self, config.DefaultPort)
	if err != nil {
		return nil, fmt.Errorf("Options.Self %q: %w", o.Self, err)
	}
	o.Self = self.Address()
	if len(o.Peers) == 0 && !o.Join {
		o.Peers = []string{o.Self}
	}
	first, err := config.ParseServers("Options.Peers", strings.NewReader(strings.Join(o.Peers, "\n")), config.DefaultPort)
	switch {
	case err != nil:
		return nil, err
	case o.Dir == "":
		return nil, errors.New("Options.Dir is empty: name the folder of the store")
	case !config.ValidName(o.Cluster):
		return nil, fmt.Errorf("Options.Cluster %q: want one word of up to 64 printable ASCII characters", o.Cluster)
	case o.ReserveBytes < 0 || o.CheckpointBytes < 0 || o.SnapshotBytes < 0:
		return nil, fmt.Errorf("Options.ReserveBytes %d, CheckpointBytes %d, SnapshotBytes %d: want at least 0",
			o.ReserveBytes, o.CheckpointBytes, o.SnapshotBytes)
	}
	o.SnapshotBytes = cmp.Or(o.SnapshotBytes, usualSnapshotBytes)
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	return first, nil
}

// authorize says why a peer's connection is refused.
func (o *Options) authorize(r *http.Request) error {
	if o.ServeTLS == nil || o.ServeTLS.ClientCAs == nil {
		return nil
	}
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return errors.New("nodes must show a certificate that a known authority has signed")
	}
	return nil
}

// The times of looking for the others; tests cannot wait so long.
type patience struct {
	join, joinEvery      time.Duration // how long to wait until it is a member, and between two questions
	answer               time.Duration // for one answer about the members
	seekEvery, seekAfter time.Duration // how often to ask when not in step, and how long it must not have been
}

var usualPatience = patience{
	join: 20 * time.Second, joinEvery: 200 * time.Millisecond, answer: 2 * time.Second,
	seekEvery: 2 * time.Second, seekAfter: 3 * time.Second,
}
