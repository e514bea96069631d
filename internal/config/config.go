package config

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"paxos/protocol"
)

// Config is what a file says, with defaults where it is silent.
type Config struct {
	// Groups are the addresses of the groups: IPv4 multicast, no two the same.
	Groups [protocol.Groups]netip.AddrPort
	// Timeout is how long a client waits between two values: 0 to 24 hours.
	Timeout time.Duration
	// Acceptors is how many acceptors there are: 1 to 63.
	Acceptors int
	// Interface names the network interface; empty means that it is to be chosen.
	Interface string
	// TTL is how many networks a datagram may cross: 1 to 255.
	TTL int
	// Cluster names the cluster; empty means that it has no name.
	Cluster string
	// KeyFile is the path of the key that authenticates datagrams; empty means that
	// nothing does. Load makes it relative to the configuration's folder.
	KeyFile string
	// ClockTolerance is how far the clocks of two hosts may be apart where there is
	// a key: 1 second to 24 hours.
	ClockTolerance time.Duration
}

//go:embed default.conf
var defaultFile string

// Default returns the usual four groups on 239.0.0.1, ports 5000 to 8000.
func Default() Config {
	c, err := Parse("default.conf", strings.NewReader(defaultFile))
	if err != nil {
		panic("config: the built-in file is wrong: " + err.Error())
	}
	return c
}

// Load reads the file at path.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	defer f.Close()
	c, err := Parse(path, f)
	if err == nil && c.KeyFile != "" && !filepath.IsAbs(c.KeyFile) {
		c.KeyFile = filepath.Join(filepath.Dir(path), c.KeyFile)
	}
	return c, err
}

// ClusterID returns the identity that every message of the cluster carries. It is
// made from the cluster's name where it has one; else from the groups, the number
// of acceptors and runKey, so that clusters, or runs, that share a network do not
// heed each other. It is never 0.
func (c Config) ClusterID(runKey string) protocol.ClusterID {
	var b []byte
	if c.Cluster != "" {
		b = appendField(b, "paxos cluster by name")
		b = appendField(b, c.Cluster)
	} else {
		b = appendField(b, "paxos cluster by settings")
		for _, g := range c.Groups {
			b = appendField(b, g.String())
		}
		b = binary.BigEndian.AppendUint32(b, uint32(c.Acceptors))
		b = appendField(b, runKey)
	}
	return clusterID(b)
}

func clusterID(fields []byte) protocol.ClusterID {
	sum := sha256.Sum256(fields)
	return protocol.ClusterID(max(1, binary.BigEndian.Uint64(sum[:8])))
}

// appendField appends s with its length, so that no two lists of fields look alike.
func appendField(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}
