package config

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"paxos/protocol"
)

const (
	maxTimeoutSeconds = 24 * 60 * 60
	maxAcceptors      = 63
	maxInterfaceBytes = 15 // IFNAMSIZ less its final 0
	maxClusterBytes   = 64
	maxPathBytes      = 4096 // PATH_MAX
	maxClockSeconds   = 24 * 60 * 60
)

func setGroup(g protocol.Group) func(*Config, []string) bool {
	return func(c *Config, value []string) bool {
		addr, err := netip.ParseAddr(value[0])
		if err != nil || !addr.Is4() || !addr.IsMulticast() {
			return false
		}
		port, err := strconv.ParseUint(value[1], 10, 16)
		if err != nil || port == 0 {
			return false
		}
		c.Groups[g] = netip.AddrPortFrom(addr, uint16(port))
		return true
	}
}

func setTimeout(c *Config, value []string) bool {
	seconds, err := strconv.ParseFloat(value[0], 64)
	if err != nil || !(seconds >= 0 && seconds <= maxTimeoutSeconds) { // so that NaN fails
		return false
	}
	c.Timeout = time.Duration(seconds * float64(time.Second))
	return true
}

func setAcceptors(c *Config, value []string) bool {
	return setNumber(&c.Acceptors, value[0], maxAcceptors)
}

func setTTL(c *Config, value []string) bool { return setNumber(&c.TTL, value[0], 255) }

// setNumber sets a number from 1 to most.
func setNumber(to *int, value string, most int) bool {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		return false
	}
	*to = n
	return true
}

func setInterface(c *Config, value []string) bool {
	c.Interface = value[0]
	return len(value[0]) <= maxInterfaceBytes && printable(value[0]) && !strings.Contains(value[0], "/")
}

func setCluster(c *Config, value []string) bool {
	c.Cluster = value[0]
	return len(value[0]) <= maxClusterBytes && printable(value[0])
}

func setKeyFile(c *Config, value []string) bool {
	c.KeyFile = value[0]
	return len(value[0]) <= maxPathBytes && printable(value[0])
}

func setClockTolerance(c *Config, value []string) bool {
	var seconds int
	ok := setNumber(&seconds, value[0], maxClockSeconds)
	c.ClockTolerance = time.Duration(seconds) * time.Second
	return ok
}

// printable reports whether s is visible ASCII: names go into logs and errors.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
