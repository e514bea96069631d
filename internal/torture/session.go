package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/hashicorp/go-hclog"

	"paxos/internal/config"
	"paxos/internal/servers"
	"paxos/node"
	"paxos/protocol"
	"paxos/transport/multicast"
)

// session is a client of the multicast roles: the same code as `paxos client`, in this
// process, on a socket that is where the roles are. Its values are numbered and
// repeated until they are acknowledged; several may be under way.
type session struct {
	name string
	end  context.CancelFunc
	over chan struct{} // closed when it has ended
	err  error         // why; read it only then

	mu      sync.Mutex
	more    sync.Cond // there is something new to send, or it shall end
	queue   []string  // not sent yet
	waiting []chan<- struct{}
	acked   uint64 // how many of all that were offered
	closed  bool
}

// openSession begins a client. network is nil on this host's loopback.
func openSession(name string, c *config.Config, network *servers.Network) (*session, error) {
	t, err := openTransport(c, network)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{name: name, end: cancel, over: make(chan struct{})}
	s.more.L = &s.mu
	go func() {
		defer close(s.over)
		_, s.err = node.RunClient(ctx, node.ClientOptions{
			Self:    protocol.Peer{Role: protocol.RoleClient, ID: 1}, // its session tells it from others
			Cluster: c.ClusterID(""), Acceptors: c.Acceptors, Transport: t, Log: hclog.NewNullLogger(),
			Next: s.next, Acked: s.acknowledge,
		})
		if s.err == nil {
			s.err = errors.New("the client ended by itself")
		}
	}()
	return s, nil
}

func openTransport(c *config.Config, network *servers.Network) (t *multicast.Transport, err error) {
	o := multicast.Options{
		Groups: c.Groups, Join: []protocol.Group{protocol.GroupClients}, Interface: c.Interface,
		TTL: c.TTL, ReceiveBuffer: multicast.DefaultBuffer, SendBuffer: multicast.DefaultBuffer,
	}
	if network == nil {
		return multicast.Open(o)
	}
	o.Interface = servers.BridgeInterface
	err = network.Beside(func() (err error) {
		t, err = multicast.Open(o)
		return err
	})
	return t, err
}

// offer sends a value, that draw makes: it is called in the order in which values are
// sent. The channel is closed when it is acknowledged.
func (s *session) offer(draw func() int64) <-chan struct{} {
	done := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, strconv.FormatInt(draw(), 10))
	s.waiting = append(s.waiting, done)
	s.more.Signal()
	return done
}

// next waits for the next value.
func (s *session) next() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) == 0 && !s.closed {
		s.more.Wait()
	}
	if len(s.queue) == 0 {
		return nil, io.EOF
	}
	value := s.queue[0]
	s.queue = s.queue[1:]
	return []byte(value), nil
}

// acknowledge is told how many values are acknowledged.
func (s *session) acknowledge(total uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ; s.acked < total; s.acked++ {
		close(s.waiting[0])
		s.waiting = s.waiting[1:]
	}
}

// close ends the client, at once.
func (s *session) close() {
	s.mu.Lock()
	s.closed = true
	s.more.Signal()
	s.mu.Unlock()
	s.end()
	<-s.over
}
