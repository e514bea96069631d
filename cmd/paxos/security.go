package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"
)

// securityFlags protect a list server; start-servers passes them on.
type securityFlags struct {
	cert, key      string
	peerCA         string
	tokenFile      string
	maxConnections int
}

func (f *securityFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.cert, "tls-cert", "", "certificate file (PEM, with its chain) of this server; switches TLS on")
	flags.StringVar(&f.key, "tls-key", "", "file with the key of that certificate (PEM)")
	flags.StringVar(&f.peerCA, "peer-ca", "", "file with the certificates (PEM) that sign those of the servers: servers must show one to each other")
	flags.StringVar(&f.tokenFile, "token-file", "", "file with the bearer token that clients must show")
	flags.IntVar(&f.maxConnections, "max-connections", 4096, "most connections of clients at a time")
	for _, name := range []string{"tls-cert", "tls-key", "peer-ca", "token-file"} {
		_ = cmd.MarkFlagFilename(name)
	}
}

// args are the flags again, for a child process.
func (f *securityFlags) args() []string {
	args := []string{"--max-connections", strconv.Itoa(f.maxConnections)}
	for _, file := range []struct{ flag, path string }{
		{"--tls-cert", f.cert}, {"--tls-key", f.key}, {"--peer-ca", f.peerCA}, {"--token-file", f.tokenFile},
	} {
		if file.path != "" {
			args = append(args, file.flag, file.path)
		}
	}
	return args
}

// security is what the flags say, read.
type security struct {
	token   string
	tls     *tls.Config // for those who connect to us; nil: no TLS
	peers   *tls.Config // for the peers we connect to; nil: no TLS
	signers *x509.CertPool
}

func (f *securityFlags) load() (s security, err error) {
	if f.maxConnections < 2 {
		return s, fmt.Errorf("--max-connections %d: want at least 2", f.maxConnections)
	}
	if s.token, err = readToken(f.tokenFile); err != nil {
		return s, err
	}
	if f.cert == "" && f.key == "" {
		if f.peerCA != "" {
			return s, errors.New("--peer-ca needs --tls-cert and --tls-key: this server must show a certificate, too")
		}
		return s, nil
	}
	if f.cert == "" || f.key == "" {
		return s, errors.New("--tls-cert and --tls-key go together: name both files")
	}
	own, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return s, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", f.cert, f.key, err)
	}
	if s.signers, err = readCertificates("--peer-ca", f.peerCA); err != nil {
		return s, err
	}
	s.tls = &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}
	s.peers = &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12, RootCAs: s.signers}
	if s.signers != nil {
		s.tls.ClientCAs, s.tls.ClientAuth = s.signers, tls.VerifyClientCertIfGiven
	}
	return s, nil
}

// readToken reads a bearer token, empty where no file is named. White space
// around it does not count.
func readToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("--token-file %s: want one word of printable ASCII characters, like from: openssl rand -hex 32", path)
	}
	return token, nil
}

// readCertificates reads the certificates of a file, nil where none is named.
func readCertificates(flag, path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s %s: no certificate in it (PEM)", flag, path)
	}
	return pool, nil
}

// listener puts TLS, if there is any, on a listener.
func (s security) listener(l net.Listener) net.Listener {
	if s.tls == nil {
		return l
	}
	return tls.NewListener(l, s.tls)
}

// warn says loudly what is open to everybody who can reach the address.
func (s security) warn(log hclog.Logger, address net.Addr) {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
		return
	}
	for _, w := range []struct {
		open bool
		text string
	}{
		{s.tls == nil, "TLS IS OFF: whoever is on the way can read and change everything; give --tls-cert and --tls-key"},
		{s.signers == nil, "SERVERS ARE NOT AUTHENTICATED: whoever reaches this port can take part in the cluster, and destroy the list; give --peer-ca"},
		{s.token == "", "CLIENTS ARE NOT AUTHENTICATED: whoever reaches this port can read and append; give --token-file"},
	} {
		if w.open {
			log.Warn(w.text, "listen", address.String())
		}
	}
}
