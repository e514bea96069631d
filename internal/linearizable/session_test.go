package linearizable

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"paxos/server/listclient"
	"paxos/server/value"
)

// The Go client appends in a session and repeats what got no answer, at other
// servers, too; each value must be in the list once all the same.

// newGoClient makes a Go client for all servers.
func (s *stage) newGoClient() *listclient.Client {
	c, err := listclient.New(listclient.Config{Servers: s.entrances(), Timeout: time.Second})
	ok(s.t, err)
	s.t.Cleanup(func() { c.Close() })
	return c
}

// playSessions lets clients append through one Go client until stop is called,
// which waits for them.
func (s *stage) playSessions(count int) (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	shared := s.newGoClient()
	var playing sync.WaitGroup
	for i := range count {
		client, random := s.history.NewClient(), s.random(uint64(200+i))
		playing.Go(func() {
			for ctx.Err() == nil {
				appendInSession(ctx, shared, client, time.Duration(200+random.IntN(3000))*time.Millisecond)
				sleep(ctx, time.Duration(random.IntN(3000))*time.Microsecond)
			}
		})
	}
	return func() {
		cancel()
		playing.Wait()
	}
}

func appendInSession(ctx context.Context, c *listclient.Client, client *Client, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	o := client.Append(Append, 0)
	place, err := c.Append(ctx, value.Int(o.Value))
	switch {
	case err == nil:
		o.Length = int64(place.Index) + 1
		client.Done(o)
	case errors.Is(err, listclient.ErrNotDone):
		client.Refused(o)
	default:
		client.Unknown(o)
	}
}

// entrances are addresses at which the servers can be reached from here.
func (s *stage) entrances() []string {
	if s.network == nil {
		return s.cluster.Addresses()
	}
	var all []string
	for i := 1; i <= s.cluster.Count(); i++ {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ok(s.t, err)
		s.t.Cleanup(func() { l.Close() })
		all = append(all, l.Addr().String())
		go s.forward(l, s.cluster.Address(i))
	}
	return all
}

// forward joins all who connect to an address in the servers' network.
func (s *stage) forward(l net.Listener, address string) {
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer from.Close()
			ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
			to, err := s.network.DialContext(ctx, "tcp", address)
			cancel()
			if err != nil {
				return
			}
			defer to.Close()
			go func() {
				_, _ = io.Copy(to, from)
				to.Close()
			}()
			_, _ = io.Copy(from, to)
		}()
	}
}
