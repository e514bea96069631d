package node_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/go-hclog"

	"paxos/node"
	"paxos/protocol"
	"paxos/transport/stream"
)

// startOverTCP starts three list servers in this process, which talk over TCP on loopback.
func startOverTCP(b *testing.B) (servers []*node.Server) {
	quorum, _ := protocol.QuorumOf(3)
	addresses := map[protocol.NodeID]string{}
	var listeners []net.Listener
	for id := range protocol.NodeID(3) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		listeners = append(listeners, l)
		addresses[id+1] = l.Addr().String()
	}
	for i, l := range listeners {
		self := protocol.Peer{Role: protocol.RoleServer, ID: protocol.NodeID(i + 1)}
		t := stream.New(stream.Options{Self: self, Cluster: 7, Log: hclog.NewNullLogger()})
		peers := map[protocol.NodeID]string{}
		for id, a := range addresses {
			if id != self.ID {
				peers[id] = a
			}
		}
		t.SetPeers(peers)
		mux := http.NewServeMux()
		mux.Handle("GET /peer", t.Handler())
		go http.Serve(l, mux)
		b.Cleanup(func() { l.Close() })
		s, err := node.StartServer(node.Options{
			Self: self, Cluster: 7, Quorum: quorum, Transport: t, Log: hclog.NewNullLogger(),
			DataDir: filepath.Join(b.TempDir(), fmt.Sprint(i)), Init: true,
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Stop() })
		servers = append(servers, s)
	}
	return servers
}

// BenchmarkServer appends values of 64 bytes, and makes linearizable barriers,
// with so many callers, spread over three servers in this process.
func BenchmarkServer(b *testing.B) {
	servers := startOverTCP(b)
	payload := [][]byte{make([]byte, 64)}
	ops := map[string]func(*node.Server) error{
		"append":  func(s *node.Server) error { _, err := s.Append(context.Background(), payload); return err },
		"barrier": func(s *node.Server) error { return s.Barrier(context.Background()) },
	}
	for _, name := range []string{"append", "barrier"} {
		for _, callers := range []int{1, 64, 1024} {
			b.Run(fmt.Sprintf("%s/callers=%d", name, callers), func(b *testing.B) {
				var next, failed atomic.Int64
				b.SetParallelism(max(callers/2, 1))
				run := func(pb *testing.PB) {
					s := servers[int(next.Add(1))%3]
					for pb.Next() {
						if ops[name](s) != nil {
							failed.Add(1)
						}
					}
				}
				if callers == 1 { // at the leader, once there is one
					if err := servers[0].Barrier(context.Background()); err != nil {
						b.Fatal(err)
					}
					leader := servers[servers[0].Status().Leader-1]
					for range b.N {
						if ops[name](leader) != nil {
							failed.Add(1)
						}
					}
				} else {
					b.RunParallel(run)
				}
				if n := failed.Load(); n > 0 {
					b.Errorf("%d of %d failed", n, b.N)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
			})
		}
	}
}
