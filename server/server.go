package server

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"sync"

	"github.com/hashicorp/go-hclog"
)

// Server answers the HTTP requests to a list server. Make it with New.
type Server struct {
	engine     Engine
	entries    entries
	id         []byte // the answer to GET /server_id
	token      []byte // its SHA-256; nil: none is needed
	peer       http.Handler
	peerStatus func() []PeerStatus
	log        hclog.Logger
	version    string
	limits     Limits
	routes     []route
	metrics    *meters

	bodies  budget // bytes
	appends budget // requests
	watches budget // clients
	backups budget // under way
	conns   *conns

	stop     sync.Once
	stopping chan struct{}
}

// New makes a Server. It panics if o has no Engine.
func New(o Options) *Server {
	if o.Engine == nil {
		panic("server: a Server needs an Engine")
	}
	s := &Server{
		engine: o.Engine, peer: o.Peer, peerStatus: o.PeerStatus, log: o.Log, version: o.Version,
		limits: o.Limits.withDefaults(), stopping: make(chan struct{}),
	}
	if o.ServerID == "" {
		o.ServerID = NewServerID()
	}
	s.id = idText(o.ServerID)
	if o.Token != "" {
		sum := sha256.Sum256([]byte(o.Token))
		s.token = sum[:]
	}
	if s.log == nil {
		s.log = hclog.NewNullLogger()
	}
	if s.peerStatus == nil {
		s.peerStatus = func() []PeerStatus { return nil }
	}
	s.bodies.limit = s.limits.AllBodiesBytes
	s.appends.limit, s.watches.limit = int64(s.limits.Appends), int64(s.limits.Watches)
	s.backups.limit = int64(s.limits.Backups)
	s.conns = newConns(s.limits.Connections)
	s.entries = entries{engine: o.Engine, chunks: newChunks(o.Engine.Chunk, s.limits.CacheBytes)}
	s.setRoutes()
	return s
}

// setRoutes gives this server its own copy of the routes, with its metrics.
func (s *Server) setRoutes() {
	s.routes = slices.Clone(routes)
	s.metrics = newMeters(s)
	for i := range s.routes {
		s.routes[i].name = s.routes[i].method + " " + s.routes[i].path
		s.metrics.add(&s.routes[i])
	}
}
