package server

import (
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Options are what a Server is made of. Only Engine must be set.
type Options struct {
	Engine Engine
	// ServerID is the answer to GET /server_id, see NewServerID; empty: one is drawn.
	ServerID string
	// Token, if set, is the bearer token that clients must show.
	Token string
	// Peer, if set, gets GET /peer, with the connection's own ResponseWriter.
	Peer http.Handler
	// PeerStatus, if set, tells of the connections to the other members.
	PeerStatus func() []PeerStatus
	Log        hclog.Logger // nil: nothing is logged
	Version    string       // of the program
	Limits     Limits
}

// Limits bound what clients can take. What is zero has its default.
type Limits struct {
	HeaderBytes    int           // of a request line and its headers; 64 KiB (net/http adds 4 KiB)
	HeaderTime     time.Duration // for them to arrive; 5 s
	BodyBytes      int           // of a request body; 1 MiB
	BodyTime       time.Duration // for it to arrive; 10 s
	IdleTime       time.Duration // between two requests of a connection; 2 min
	WriteTime      time.Duration // for 64 KiB of an answer to be taken; 30 s
	Connections    int           // open ones, those of peers excepted; 4096
	AllBodiesBytes int64         // of request bodies in memory, beyond 4 KiB of each; 64 MiB

	Appends  int           // requests that append and wait, at a time; 4096
	Watches  int           // clients that follow the list; 1024
	Backups  int           // under way at a time, each with a part of the list in memory; 2
	Wait     time.Duration // for the cluster, unless a request says otherwise; 10 s
	MaxWait  time.Duration // that a request may ask for; 60 s
	Alive    time.Duration // between signs of life to a watcher; 15 s
	InStep   time.Duration // how long ago a ready server was in step, at most; 5 s
	Shutdown time.Duration // for requests to end when the server stops; 5 s

	CacheBytes int // of decoded chunks that are kept; 8 MiB
}

func (l Limits) withDefaults() Limits {
	def(&l.HeaderBytes, 64<<10)
	def(&l.HeaderTime, 5*time.Second)
	def(&l.BodyBytes, 1<<20)
	def(&l.BodyTime, 10*time.Second)
	def(&l.IdleTime, 2*time.Minute)
	def(&l.WriteTime, 30*time.Second)
	def(&l.Connections, 4096)
	def(&l.AllBodiesBytes, 64<<20)
	def(&l.Appends, 4096)
	def(&l.Watches, 1024)
	def(&l.Backups, 2)
	def(&l.Wait, 10*time.Second)
	def(&l.MaxWait, time.Minute)
	def(&l.Alive, 15*time.Second)
	def(&l.InStep, 5*time.Second)
	def(&l.Shutdown, 5*time.Second)
	def(&l.CacheBytes, 8<<20)
	return l
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
