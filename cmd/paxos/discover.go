package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"paxos/internal/config"
	"paxos/server"
)

// How long a server without --node looks for its own line, how long it waits for
// an answer, and how long between two rounds of asking.
const (
	discoverPatience = 20 * time.Second
	discoverAnswer   = time.Second
	discoverPause    = 100 * time.Millisecond
)

// bindAddress is where the server of a line listens: on its IP address if the line
// has one, else on all addresses. A name may stand for another address here than
// elsewhere.
func bindAddress(s config.Server) string {
	if net.ParseIP(s.Host) != nil || s.Host == "localhost" {
		return s.Address()
	}
	return ":" + strconv.Itoa(int(s.Port))
}

// discovery finds out which line of the cluster file this process is. It listens
// wherever one of the lines may mean, serves a random id there, and asks each line
// for its id: the one that answers with ours leads here.
type discovery struct {
	servers  config.Servers
	listen   string // the one address to listen on; empty: those of the lines
	security security

	id   string
	open map[string]*candidate // by the address they were to listen on
}

func newDiscovery(servers config.Servers, listen string, s security) *discovery {
	return &discovery{servers: servers, listen: listen, security: s, id: server.NewServerID(), open: make(map[string]*candidate)}
}

// run returns our own server and the listener on its address.
func (d *discovery) run(ctx context.Context) (self config.Server, l *net.TCPListener, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, discoverPatience, fmt.Errorf("not found within %s", discoverPatience))
	defer cancel()
	var reasons []error
	for {
		busy := d.listenAll()
		if self, reasons = d.ask(ctx); self.ID.Valid() {
			return self, d.keep(d.bind(self)), nil
		}
		select {
		case <-time.After(discoverPause):
		case <-ctx.Done():
			d.keep("")
			return self, nil, fmt.Errorf("which server of the cluster file is this one? %w; name it with --node HOST:PORT; tried: %w",
				context.Cause(ctx), errors.Join(append(reasons, busy...)...))
		}
	}
}

// bind is where we must listen for a line to lead here.
func (d *discovery) bind(s config.Server) string {
	if d.listen != "" {
		return d.listen
	}
	return bindAddress(s)
}

// listenAll listens on what it does not listen on yet. What is in use now may be
// free later: another server may be looking for itself.
func (d *discovery) listenAll() (errs []error) {
	for _, s := range d.servers {
		address := d.bind(s)
		if d.open[address] != nil {
			continue
		}
		c, err := d.serve(address)
		if err != nil {
			if !errors.Is(err, syscall.EADDRNOTAVAIL) { // an IP address of another machine
				errs = append(errs, err)
			}
			continue
		}
		d.open[address] = c
	}
	return errs
}

// ask asks all lines for their id, and returns the first one that has ours.
func (d *discovery) ask(ctx context.Context) (self config.Server, reasons []error) {
	client := &http.Client{Timeout: discoverAnswer, Transport: &http.Transport{
		DisableKeepAlives: true,
		// Whoever knows our random id is us; there is nothing to verify.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	reasons = make([]error, len(d.servers))
	done := make(chan struct{}, len(d.servers))
	for i, s := range d.servers {
		go func() {
			reasons[i] = d.askOne(ctx, client, s)
			done <- struct{}{}
		}()
	}
	for range d.servers {
		<-done
	}
	for i, s := range d.servers {
		if reasons[i] == nil && d.open[d.bind(s)] != nil {
			return s, nil
		}
	}
	return config.Server{}, reasons
}

// askOne returns nil if the server of a line has our id.
func (d *discovery) askOne(ctx context.Context, client *http.Client, s config.Server) error {
	scheme := "http://"
	if d.security.tls != nil {
		scheme = "https://"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+s.Address()+"/server_id", nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		return fmt.Errorf("%s: %w", s.Address(), err)
	}
	var id string
	if json.Unmarshal(text, &id) != nil || id != d.id {
		return fmt.Errorf("%s is another server", s.Address())
	}
	return nil
}

// keep ends all serving, and closes every listener but one.
func (d *discovery) keep(address string) (kept *net.TCPListener) {
	for a, c := range d.open {
		c.end()
		if a == address {
			kept = c.listener
			continue
		}
		c.listener.Close()
	}
	return kept
}

// candidate is an address at which we may be.
type candidate struct {
	listener *net.TCPListener
	http     *http.Server
	ended    chan struct{}
}

func (d *discovery) serve(address string) (*candidate, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	c := &candidate{
		listener: l.(*net.TCPListener), ended: make(chan struct{}),
		http: &http.Server{Handler: server.Starting(d.id), ReadHeaderTimeout: discoverAnswer, IdleTimeout: discoverAnswer, MaxHeaderBytes: 4096},
	}
	go func() {
		defer close(c.ended)
		_ = c.http.Serve(d.security.listener(lent{c.listener})) // it ends when we end it
	}()
	return c, nil
}

// end stops serving; the listener stays as it was.
func (c *candidate) end() {
	_ = c.http.Close()
	<-c.ended
	_ = c.listener.SetDeadline(time.Time{})
}

// lent is a listener that stays open when its server closes it: that only makes
// Accept return.
type lent struct{ *net.TCPListener }

func (l lent) Close() error { return l.SetDeadline(time.Unix(1, 0)) }

// listenOn listens for the server whose line is known.
func listenOn(s config.Server, listen string) (*net.TCPListener, error) {
	if listen == "" {
		listen = bindAddress(s)
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		hint := "is another process listening there?"
		if strings.Contains(err.Error(), "assign requested address") {
			hint = "it is no address of this host; name one with --listen"
		}
		return nil, fmt.Errorf("%w: %s", err, hint)
	}
	return l.(*net.TCPListener), nil
}
