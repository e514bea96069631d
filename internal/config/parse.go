package config

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"paxos/protocol"
)

// maxBytes bounds a file: rule 8 holds for what users hand us, too.
const maxBytes = 64 << 10

// key is a word that may begin a line: what its value looks like, and how it is read.
type key struct {
	name   string
	values int // how many fields the value has
	expect string
	set    func(c *Config, value []string) bool // false where the value is not as expected
}

const expectAddress = "an IPv4 multicast address (224.0.0.0 to 239.255.255.255) and a port (1 to 65535), like 239.0.0.1 5000"

// keys are all that there are; the first ones, of the groups, must be given.
var keys = []key{
	{protocol.GroupClients.String(), 2, expectAddress, setGroup(protocol.GroupClients)},
	{protocol.GroupProposers.String(), 2, expectAddress, setGroup(protocol.GroupProposers)},
	{protocol.GroupAcceptors.String(), 2, expectAddress, setGroup(protocol.GroupAcceptors)},
	{protocol.GroupLearners.String(), 2, expectAddress, setGroup(protocol.GroupLearners)},
	{"timeout", 1, "seconds, 0 to 86400, like 0.1", setTimeout},
	{"acceptor_count", 1, "a number from 1 to 63", setAcceptors},
	{"interface", 1, "the name of a network interface, like lo", setInterface},
	{"ttl", 1, "a number from 1 to 255", setTTL},
	{"cluster", 1, "one word of up to 64 printable ASCII characters", setCluster},
	{"key_file", 1, "the path of a file, in printable ASCII without white space", setKeyFile},
	{"clock_tolerance", 1, "whole seconds, 1 to 86400", setClockTolerance},
}

// parser is a file being read.
type parser struct {
	file   string
	line   int
	config Config
	seen   map[string]int // key -> its line
}

// Parse reads a configuration; name is what errors call it.
func Parse(name string, r io.Reader) (Config, error) {
	text, err := readBounded(name, r)
	if err != nil {
		return Config{}, err
	}
	p := &parser{file: name, config: Config{Acceptors: 3, TTL: 1, ClockTolerance: time.Minute}, seen: make(map[string]int)}
	for line := range strings.Lines(text) {
		p.line++
		if err := p.parseLine(line); err != nil {
			return Config{}, err
		}
	}
	if err := p.complete(); err != nil {
		return Config{}, err
	}
	return p.config, nil
}

// readBounded reads a file of at most maxBytes, without the mark that some
// editors put at its begin.
func readBounded(name string, r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return "", fmt.Errorf("reading the configuration %s: %w", name, err)
	}
	if len(text) > maxBytes {
		return "", fmt.Errorf("%s: larger than %d bytes: this is not a configuration", name, maxBytes)
	}
	return strings.TrimPrefix(string(text), "\ufeff"), nil
}

func (p *parser) parseLine(line string) error {
	setting, _, _ := strings.Cut(line, "#")
	fields := strings.Fields(setting)
	if len(fields) == 0 {
		return nil
	}
	name, value := fields[0], fields[1:]
	i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
	if i < 0 {
		return fmt.Errorf("%s:%d: unknown key %q: expected one of %s", p.file, p.line, shorten(name), keyNames())
	}
	if first, dup := p.seen[name]; dup {
		return fmt.Errorf("%s:%d: key %q stands here and in line %d: expected once", p.file, p.line, name, first)
	}
	p.seen[name] = p.line
	k := keys[i]
	if len(value) != k.values || !k.set(&p.config, value) {
		return fmt.Errorf("%s:%d: key %q: bad value %q: expected %s", p.file, p.line, name, shorten(strings.Join(value, " ")), k.expect)
	}
	return p.checkGroups(name)
}

// checkGroups reports a group that has the address and port of an earlier one.
func (p *parser) checkGroups(name string) error {
	for g, addr := range p.config.Groups {
		for other, otherAddr := range p.config.Groups[:g] {
			if addr.IsValid() && addr == otherAddr {
				return fmt.Errorf("%s:%d: key %q: %s and %s both are %s: expected another address or another port for each group",
					p.file, p.line, name, protocol.Group(other), protocol.Group(g), addr)
			}
		}
	}
	return nil
}

// complete reports groups that the file does not give.
func (p *parser) complete() error {
	for g, addr := range p.config.Groups {
		if addr == (netip.AddrPort{}) {
			return fmt.Errorf("%s:%d: end of file without key %q: expected %[3]s with %s",
				p.file, max(1, p.line), protocol.Group(g).String(), expectAddress)
		}
	}
	return nil
}

func keyNames() string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	return strings.Join(names, ", ")
}

// shorten keeps an error message readable whatever the file is.
func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}
