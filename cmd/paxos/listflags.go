package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/config"
	"paxos/protocol"
	"paxos/server/listclient"
)

// listFlags are the flags of the commands that ask the list servers.
type listFlags struct {
	port      uint16
	server    int
	tokenFile string
	tls       bool
	tlsCA     string
	timeout   float64
}

// defaultTimeout is how many seconds a command waits for an answer.
const defaultTimeout = 20

func (f *listFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Uint16Var(&f.port, "port", config.DefaultPort, "port of lines without one")
	flags.StringVar(&f.tokenFile, "token-file", "", "file with the bearer token that the servers want")
	flags.BoolVar(&f.tls, "tls", false, "speak TLS; the system's certificate authorities count")
	flags.StringVar(&f.tlsCA, "tls-ca", "", "speak TLS; the certificate authorities (PEM) in this file count")
	flags.Float64Var(&f.timeout, "timeout", defaultTimeout, "seconds to wait for an answer")
	_ = cmd.MarkFlagFilename("token-file")
	_ = cmd.MarkFlagFilename("tls-ca")
	flags.SortFlags = false
}

// registerServer adds the choice of one server.
func (f *listFlags) registerServer(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.server, "server", 0, "ask only the N-th server of the file, from 1 on (default: any that answers)")
}

// listServers are the servers that a command asks, and how.
type listServers struct {
	all     config.Servers
	asked   config.Servers // all, or the one of --server
	token   string
	tls     *tls.Config // nil: no TLS
	timeout time.Duration
}

// resolve reads the cluster file and the other ones. All its errors are the user's
// to mend.
func (f *listFlags) resolve(file string) (s listServers, err error) {
	if f.port == 0 {
		return s, fail(exitUsage, errors.New("--port 0: want 1 to 65535"))
	}
	all, err := config.LoadServers(file, f.port)
	if err != nil {
		return s, fail(exitUsage, err)
	}
	return f.resolveAll(all)
}

// resolveAll is resolve for servers that are known.
func (f *listFlags) resolveAll(all config.Servers) (s listServers, err error) {
	if f.timeout <= 0 || f.timeout > 86400 {
		return s, fail(exitUsage, fmt.Errorf("--timeout %g: want more than 0 and at most 86400 seconds", f.timeout))
	}
	s.timeout = time.Duration(f.timeout * float64(time.Second))
	s.all, s.asked = all, all
	if f.server < 0 || f.server > len(s.all) {
		return s, fail(exitUsage, fmt.Errorf("--server %d: the file has servers 1 to %d", f.server, len(s.all)))
	}
	if f.server > 0 {
		s.asked = s.all[f.server-1 : f.server]
	}
	if s.token, err = readToken(f.tokenFile); err != nil {
		return s, fail(exitUsage, err)
	}
	s.tls, err = f.tlsConfig()
	return s, fail(exitUsage, err)
}

func (f *listFlags) tlsConfig() (*tls.Config, error) {
	if !f.tls && f.tlsCA == "" {
		return nil, nil
	}
	signers, err := readCertificates("--tls-ca", f.tlsCA)
	return &tls.Config{RootCAs: signers, MinVersion: tls.VersionTLS12}, err
}

// client is a client of the servers to ask.
func (s listServers) client() (*listclient.Client, error) {
	return listclient.New(listclient.Config{Servers: s.asked.Addresses(), Token: s.token, TLS: s.tls, GiveUp: s.timeout})
}

// call makes one call of a client. That gives up after --timeout, and then it knows
// best what was wrong; the context is for what hangs.
func (s listServers) call(ctx context.Context, do func(ctx context.Context, c *listclient.Client) error) error {
	c, err := s.client()
	if err != nil {
		return fail(exitUsage, err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout+hanging, fmt.Errorf("no answer within %s", s.timeout))
	defer cancel()
	return do(ctx, c)
}

const hanging = 3 * time.Second

// actionWith makes a RunE of f whose errors count as failures, not as wrong usage.
func actionWith(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return action(func(cmd *cobra.Command) error { return f(cmd, args) })(cmd, nil)
	}
}

// nodeID reads the id of a server or acceptor.
func nodeID(text string) (protocol.NodeID, error) {
	var id uint32
	if _, err := fmt.Sscanf(text, "%d", &id); err != nil || id == 0 || fmt.Sprint(id) != text {
		return 0, fail(exitUsage, fmt.Errorf("%q is no id: want a number from 1 on", text))
	}
	return protocol.NodeID(id), nil
}
