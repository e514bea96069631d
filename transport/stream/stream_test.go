package stream

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

// patience bounds what a test waits for; only a failing test waits that long.
const patience = 2 * time.Minute

const cluster = protocol.ClusterID(0xc1)

// server is a transport behind an HTTP server of its own.
type server struct {
	*Transport
	id      protocol.NodeID
	address string
	http    *http.Server
}

func options(id protocol.NodeID) Options {
	return Options{Self: protocol.Peer{Role: protocol.RoleServer, ID: id}, Cluster: cluster}
}

// start starts a server on a free port of 127.0.0.1, without peers.
func start(t testing.TB, o Options) *server {
	t.Helper()
	return startAt(t, o, "127.0.0.1:0")
}

func startAt(t testing.TB, o Options, address string) *server {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, o, listener)
}

func startOn(t testing.TB, o Options, listener net.Listener) *server {
	s := &server{Transport: New(o), id: o.Self.ID, address: listener.Addr().String()}
	// On a busy machine connections must not be given up: what is lost is not repeated.
	s.times = times{connect: patience, write: patience, ack: patience}
	mux := http.NewServeMux()
	mux.Handle(DefaultPath, s.Handler())
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	go s.http.Serve(listener)
	t.Cleanup(s.stop)
	return s
}

// stop ends a server as if its process had ended.
func (s *server) stop() {
	s.http.Close()
	s.Transport.Close()
}

// acquaint makes all servers peers of each other and waits until they are connected.
func acquaint(t testing.TB, servers ...*server) {
	t.Helper()
	addresses := make(map[protocol.NodeID]string)
	for _, s := range servers {
		addresses[s.id] = s.address
	}
	for _, s := range servers {
		s.SetPeers(addresses)
	}
	for _, s := range servers {
		connected(t, s)
	}
}

// connected waits until s can send to all its peers, and hears them.
func connected(t testing.TB, s *server) {
	t.Helper()
	eventually(t, "all peers are connected", func() bool {
		for _, p := range s.Peers() {
			if !p.Connected || !p.Heard {
				return false
			}
		}
		return true
	})
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// receive returns the next n datagrams.
func receive(t testing.TB, m transport.Transport, n int) []transport.Datagram {
	t.Helper()
	defer time.AfterFunc(patience, func() { m.Close() }).Stop()
	var got []transport.Datagram
	for len(got) < n {
		var err error
		if got, err = m.Receive(got); err != nil {
			t.Fatalf("%d of %d datagrams, then %v", len(got), n, err)
		}
	}
	return got
}

func datagram(text string) transport.Datagram {
	return transport.Datagram{Group: protocol.GroupLearners, Data: []byte(text)}
}

func to(id protocol.NodeID, text string) transport.Datagram {
	d := datagram(text)
	d.Only = protocol.Peer{Role: protocol.RoleServer, ID: id}
	return d
}

func texts(datagrams []transport.Datagram) []string {
	var all []string
	for _, d := range datagrams {
		all = append(all, string(d.Data))
	}
	return all
}
