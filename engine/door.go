package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/transport/stream"
)

// door is the engine's own HTTP server, where only the others come in. All its
// methods may be called on nil, which is none.
type door struct {
	listener net.Listener
	served   chan struct{} // closed when serve has ended
}

// The bounds of what somebody may send before it is known who he is.
const (
	doorTime        = 5 * time.Second
	doorHeaderBytes = 16 << 10
)

func openDoor(o *Options) (*door, error) {
	if o.Mount {
		return nil, nil
	}
	l := o.Listener
	if l == nil {
		var err error
		if l, err = net.Listen("tcp", o.Self); err != nil {
			return nil, fmt.Errorf("listen for the other nodes: %w%s", err, listenHint(err))
		}
	}
	if o.ServeTLS != nil {
		l = tls.NewListener(l, o.ServeTLS)
	}
	return &door{listener: l, served: make(chan struct{})}, nil
}

// listenHint says what may help, where that is known.
func listenHint(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return ": is another process listening there?"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return ": Options.Self is no address of this host; where it is one of a gateway, give Options.Listener"
	}
	return ""
}

// serve answers until close.
func (d *door) serve(e *Engine) error {
	defer close(d.served)
	mux := http.NewServeMux()
	mux.Handle("GET "+PeerPath, e.PeerHandler())
	var protocols http.Protocols
	protocols.SetHTTP1(true) // connections of peers are taken over, which HTTP/2 cannot
	server := &http.Server{
		Handler: mux, Protocols: &protocols, ReadHeaderTimeout: doorTime, IdleTimeout: doorTime, WriteTimeout: doorTime,
		MaxHeaderBytes: doorHeaderBytes, ErrorLog: e.log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	defer server.Close()
	if err := server.Serve(d.listener); !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("serve the other nodes on %s: %w", d.listener.Addr(), err)
	}
	return nil
}

// close ends the listening.
func (d *door) close() error {
	if d == nil {
		return nil
	}
	if err := d.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close %s: %w", d.listener.Addr(), err)
	}
	return nil
}

// wait waits until serve has ended, after close.
func (d *door) wait() {
	if d != nil {
		<-d.served
	}
}

// PeerHandler is for the caller's own server, with Options.Mount: it answers GET
// PeerPath of the other nodes. The server must speak HTTP/1.1 (the others take
// their connections over) and must not wrap its connections.
func (e *Engine) PeerHandler() http.Handler {
	peers := e.transport.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == membersQuery {
			e.answerMembers(w, r)
			return
		}
		peers.ServeHTTP(w, r)
	})
}

// dial connects to a peer.
func (e *Engine) dial() func(ctx context.Context, address string) (net.Conn, error) {
	if e.options.DialTLS == nil {
		return nil // as the transport does by itself
	}
	return stream.DialTLS(e.options.DialTLS)
}
