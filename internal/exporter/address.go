package exporter

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// loopback is where a listener is that is told a port only.
const loopback = "127.0.0.1"

// ParseAddress makes the address to listen on of PORT, :PORT or HOST:PORT. A port
// alone is one of 127.0.0.1; port 0 is any that is free.
func ParseAddress(text string) (string, error) {
	host, port := "", text
	if strings.Contains(text, ":") {
		var err error
		if host, port, err = net.SplitHostPort(text); err != nil {
			return "", badAddress(text)
		}
	}
	if host == "" {
		host = loopback
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port || strings.ContainsAny(host, " \t/") {
		return "", badAddress(text)
	}
	return net.JoinHostPort(host, port), nil
}

func badAddress(text string) error {
	return fmt.Errorf("%q is no address to listen on: want PORT, which is one of 127.0.0.1, or HOST:PORT", text)
}

// open reports whether others than this host can reach an address.
func open(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return !ok || !tcp.IP.IsLoopback()
}
