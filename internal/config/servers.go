package config

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"unicode"

	"paxos/protocol"
)

// DefaultPort is the port of a list server whose line names none.
const DefaultPort = 5000

// MaxServers is how many lines a cluster file may have.
const MaxServers = maxAcceptors

// Server is one line of a cluster file.
type Server struct {
	ID   protocol.NodeID // 1 for the first server of the file, and so on
	Host string          // a name or an IP address, without brackets
	Port uint16
}

// Address is the server's host:port.
func (s Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(int(s.Port))) }

// Servers are the list servers of a cluster: what a cluster file says.
type Servers []Server

// LoadServers reads the cluster file at path; port is that of lines without one.
func LoadServers(path string, port uint16) (Servers, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the cluster file: %w", err)
	}
	defer f.Close()
	return ParseServers(path, f, port)
}

// ParseServers reads a cluster file; name is what errors call it, and port is
// that of lines without one.
func ParseServers(name string, r io.Reader, port uint16) (Servers, error) {
	text, err := readBounded(name, r)
	if err != nil {
		return nil, err
	}
	p := serversParser{file: name, port: port, seen: make(map[string]int)}
	for line := range strings.Lines(text) {
		p.line++
		if err := p.parseLine(line); err != nil {
			return nil, err
		}
	}
	if len(p.servers) == 0 {
		return nil, fmt.Errorf("%s: no server in it: expected one host or host:port a line", name)
	}
	return p.servers, nil
}

// serversParser is a cluster file being read.
type serversParser struct {
	file    string
	line    int
	port    uint16
	servers Servers
	seen    map[string]int // address -> its line
}

func (p *serversParser) parseLine(line string) error {
	content, _, _ := strings.Cut(line, "#")
	content = strings.TrimSpace(content)
	if content == "" {
		return nil
	}
	s, err := ParseServer(content, p.port)
	if err != nil {
		return fmt.Errorf("%s:%d: %q: %w", p.file, p.line, shorten(content), err)
	}
	if first, twice := p.seen[s.Address()]; twice {
		return fmt.Errorf("%s:%d: %s stands here and at %s:%d: expected each server once", p.file, p.line, s.Address(), p.file, first)
	}
	if len(p.servers) == MaxServers {
		return fmt.Errorf("%s:%d: more than %d servers: remove some", p.file, p.line, MaxServers)
	}
	p.seen[s.Address()] = p.line
	s.ID = protocol.NodeID(len(p.servers) + 1)
	p.servers = append(p.servers, s)
	return nil
}

// ParseServer reads host, host:port, an IPv4 address, [IPv6] or [IPv6]:port; the ID is 0.
func ParseServer(text string, port uint16) (Server, error) {
	if strings.ContainsFunc(text, unicode.IsSpace) {
		return Server{}, errors.New("expected one host or host:port")
	}
	if strings.Contains(text, "/") {
		return Server{}, errors.New("expected host or host:port, and no URL")
	}
	s := Server{Host: text, Port: port}
	bracketed := strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]")
	switch {
	case bracketed:
		s.Host = text[1 : len(text)-1]
	case strings.Contains(text, ":"):
		host, number, err := net.SplitHostPort(text)
		if err != nil {
			return s, errors.New("expected host, host:port, or [address]:port for IPv6")
		}
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || n == 0 {
			return s, fmt.Errorf("bad port %q: expected 1 to 65535", number)
		}
		s.Host, s.Port = host, uint16(n)
	}
	if !validHost(s.Host, strings.HasPrefix(text, "[")) {
		return s, fmt.Errorf("bad host %q: expected a name or an IP address", s.Host)
	}
	s.Host = strings.ToLower(s.Host)
	return s, nil
}

// validHost takes IP addresses and names of letters, digits, '-', '_' and '.'.
func validHost(host string, bracketed bool) bool {
	if bracketed {
		ip := net.ParseIP(host)
		return ip != nil && ip.To4() == nil
	}
	return host != "" && len(host) <= 253 && !strings.ContainsFunc(host, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r))
	})
}

// Find returns the server with an address, which is host:port, or host where the
// port is the given one.
func (s Servers) Find(address string, port uint16) (Server, error) {
	wanted, err := ParseServer(address, port)
	if err != nil {
		return wanted, fmt.Errorf("%q: %w", shorten(address), err)
	}
	for _, server := range s {
		if server.Address() == wanted.Address() {
			return server, nil
		}
	}
	return wanted, fmt.Errorf("no line of the cluster file is %s; it has %s", wanted.Address(), strings.Join(s.Addresses(), ", "))
}

// Addresses returns the host:port of every server.
func (s Servers) Addresses() []string {
	all := make([]string, len(s))
	for i, server := range s {
		all[i] = server.Address()
	}
	return all
}

// ClusterID returns the identity that every message of the cluster carries. It
// is made from the name, or, where that is empty, from the addresses in their
// order. It is never 0, and not that of a multicast cluster.
func (s Servers) ClusterID(name string) protocol.ClusterID {
	b := appendField(nil, "paxos list servers by address")
	fields := s.Addresses()
	if name != "" {
		b, fields = appendField(nil, "paxos list servers by name"), []string{name}
	}
	for _, f := range fields {
		b = appendField(b, f)
	}
	return clusterID(b)
}

// ValidName reports whether a cluster may be called so: one word of up to 64
// printable ASCII characters.
func ValidName(name string) bool { return len(name) <= maxClusterBytes && printable(name) }
