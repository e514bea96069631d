package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/hashicorp/go-hclog"
)

// Serve answers on a listener, which may be one for TLS, until ctx ends. Then
// watchers are sent away, other requests have Limits.Shutdown to end, and it
// returns nil. It closes the listener in any case. Connections that Options.Peer
// took over are not its business.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	hs := s.httpServer()
	ended := make(chan error, 1)
	go func() { ended <- hs.Serve(limitListener(ln, s.conns)) }()
	select {
	case err := <-ended:
		_ = hs.Close() // the error counts
		return fmt.Errorf("serve HTTP on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	s.shutdown(ctx, hs)
	<-ended
	return nil
}

// httpServer is net/http with all its limits. There is no WriteTimeout, which
// would end long answers: each part of one has its own deadline.
func (s *Server) httpServer() *http.Server {
	l := s.limits
	var protocols http.Protocols
	protocols.SetHTTP1(true) // connections of peers are taken over, which HTTP/2 cannot
	return &http.Server{
		Handler:                      s.Handler(),
		Protocols:                    &protocols,
		ReadHeaderTimeout:            l.HeaderTime,
		IdleTimeout:                  l.IdleTime,
		MaxHeaderBytes:               l.HeaderBytes,
		DisableGeneralOptionsHandler: true,
		ConnState:                    s.conns.state,
		ErrorLog:                     s.log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
}

func (s *Server) shutdown(ctx context.Context, hs *http.Server) {
	s.stop.Do(func() { close(s.stopping) })
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limits.Shutdown)
	defer cancel()
	if err := hs.Shutdown(bound); errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests were cut off, they took too long to end", "open connections", s.conns.count())
	}
	_ = hs.Close() // what is still open
}
