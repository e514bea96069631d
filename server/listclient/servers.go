package listclient

import (
	"crypto/tls"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// A server that failed is not asked again, while others work, for badMin; twice as long
// each time it fails again, up to badMax.
const (
	badMin = 500 * time.Millisecond
	badMax = 5 * time.Second
)

// server is one server, and what is remembered of it. Name and head never change.
type server struct {
	name string
	tls  *tls.Config // nil: plain
	head string      // the header lines that every request to it has

	// Guarded by servers.mu.
	fails    int
	badUntil time.Time
}

func newServer(name string, cfg *Config) *server {
	s := &server{name: name, head: " HTTP/1.1\r\nHost: " + name + "\r\n"}
	if cfg.Token != "" {
		s.head += "Authorization: Bearer " + cfg.Token + "\r\n"
	}
	if cfg.TLS != nil {
		s.tls = cfg.TLS.Clone()
		if s.tls.ServerName == "" {
			s.tls.ServerName, _, _ = net.SplitHostPort(name)
		}
	}
	return s
}

// servers chooses whom to ask: always the same one, while it works.
type servers struct {
	mu      sync.Mutex
	all     []*server
	current int
	now     func() time.Time
}

// pick gives the server to ask: the current one, or the next that is not known to be bad, or,
// where all are, the one that was left alone for longest.
func (p *servers) pick() *server {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	best := p.current
	for i := range p.all {
		at := (p.current + i) % len(p.all)
		if !p.all[at].badUntil.After(now) {
			best = at
			break
		}
		if p.all[at].badUntil.Before(p.all[best].badUntil) {
			best = at
		}
	}
	p.current = best
	return p.all[best]
}

// named gives a server by its name, or nil.
func (p *servers) named(name string) *server {
	for _, s := range p.all {
		if s.name == name {
			return s
		}
	}
	return nil
}

// worked notes that s answered.
func (p *servers) worked(s *server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.fails, s.badUntil = 0, time.Time{}
}

// failed notes that s did not answer, or could not do what a server should.
func (p *servers) failed(s *server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	bad := min(badMin<<min(s.fails, 10), badMax)
	s.fails++
	s.badUntil = p.now().Add(jitter(bad))
	p.leave(s)
}

// busy goes on with the next server, but holds nothing against s.
func (p *servers) busy(s *server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave(s)
}

func (p *servers) leave(s *server) {
	if p.all[p.current] == s {
		p.current = (p.current + 1) % len(p.all)
	}
}

// prefer makes s the one to ask, unless it is known to be bad.
func (p *servers) prefer(s *server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, other := range p.all {
		if other == s && !s.badUntil.After(p.now()) {
			p.current = i
		}
	}
}

// judge notes what an attempt says about the server.
func (p *servers) judge(s *server, err *Error) {
	switch {
	case err == nil:
		p.worked(s)
	case err.Code == codeStale:
	case err.Code == codeBusy || err.Code == codeOutOfTurn:
		p.busy(s)
	case !err.final():
		p.failed(s)
	}
}

// pauseBefore is how long to wait before the n-th repetition (from 1): so short at first that
// another server is asked at once, then twice as long each time up to 250 ms.
func pauseBefore(n int) time.Duration {
	return jitter(min(time.Millisecond<<min(n, 10), 250*time.Millisecond))
}

// jitter draws from the upper half of d, so that clients do not repeat in step.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }
