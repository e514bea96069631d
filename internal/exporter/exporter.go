package exporter

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/net/netutil"
)

// What clients can take.
const (
	connections = 32
	requestTime = 5 * time.Second
	headerBytes = 8 << 10
	answerTime  = 10 * time.Second
	// profileTime is instead of answerTime where there are profiles: one of the
	// processor is written over 30 s, unless it is asked for otherwise.
	profileTime = 2 * time.Minute
)

// Exporter is a listener. A nil one does nothing.
type Exporter struct {
	listener net.Listener
	server   *http.Server
	patience time.Duration // for a request to arrive
}

// Listen takes an address, one of ParseAddress.
func Listen(address string) (*Exporter, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, hint(err))
	}
	return &Exporter{listener: l, patience: requestTime}, nil
}

func hint(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return ": another process listens there; each process needs a port of its own, 0 is any that is free"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return ": it is no address of this host"
	}
	return ""
}

// Options are what is answered.
type Options struct {
	Page     http.Handler // GET /metrics
	Health   func() error // GET /healthz: why the process is no good, nil if it is
	Profiles bool         // GET /debug/pprof
	Log      hclog.Logger
}

// Serve begins to answer, in the background, until Close.
func (e *Exporter) Serve(o Options) {
	if e == nil {
		return
	}
	e.warn(o)
	e.server = &http.Server{
		Handler:           handler(o),
		ReadHeaderTimeout: e.patience, ReadTimeout: e.patience, WriteTimeout: answerTime, MaxHeaderBytes: headerBytes,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     o.Log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	if o.Profiles {
		e.server.WriteTimeout = profileTime
	}
	e.server.SetKeepAlivesEnabled(false) // nobody keeps a connection from others
	go func() {
		if err := e.server.Serve(netutil.LimitListener(e.listener, connections)); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("metrics are not served any more", "listen", e.listener.Addr().String(), "error", err)
		}
	}()
}

// warn says where it listens, loudly if others than this host can reach that.
func (e *Exporter) warn(o Options) {
	address := e.listener.Addr()
	o.Log.Info("serving metrics", "listen", address.String(), "profiles", o.Profiles)
	if open(address) {
		o.Log.Warn("METRICS ARE NOT PROTECTED: whoever reaches this port sees how this process does; let a firewall allow monitoring only, or listen on 127.0.0.1",
			"listen", address.String(), "profiles", o.Profiles)
	}
}

// Address is where it listens, host:port.
func (e *Exporter) Address() string { return e.listener.Addr().String() }

// Close ends it, with all answers under way.
func (e *Exporter) Close() {
	if e == nil {
		return
	}
	if e.server != nil {
		_ = e.server.Close() // what is under way is of no importance
	}
	_ = e.listener.Close()
}
