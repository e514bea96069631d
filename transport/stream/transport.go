package stream

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"paxos/protocol"
	"paxos/transport"
)

// Why a datagram was lost at its sender, or a connection closed.
var (
	errTooLarge    = errors.New("stream: frame too large")
	errFrame       = errors.New("stream: malformed frame")
	errEmpty       = errors.New("stream: empty datagram")
	errGroup       = errors.New("stream: no such group")
	errNoPeer      = errors.New("stream: no such peer")
	errNotUp       = errors.New("stream: the peer is not connected")
	errQueueFull   = errors.New("stream: the peer's queue is full")
	errRemoved     = errors.New("stream: the peer was removed")
	errTalks       = errors.New("stream: the peer sends on a connection that is ours to send on")
	errHungUp      = errors.New("stream: the peer closed the connection")
	errImpatient   = errors.New("stream: the peer sends before it was answered")
	errUnfit       = errors.New("stream: Self must be a server with an id")
	errNoMorePeers = errors.New("stream: not one of this cluster's servers (any more)")
)

// window is what Window returns, in bytes: well below the 6 MiB to which Linux
// lets a receive buffer grow unless told otherwise.
const window = 1 << 20

// Transport is one list server's connections with its peers; see
// transport.Transport.
type Transport struct {
	options  Options
	times    times // set before the first peer is
	counters transport.Counters
	complain limiter
	failure  error // why the transport never worked; Receive returns it

	ctx        context.Context // ends with Close
	cancel     context.CancelFunc
	goroutines sync.WaitGroup
	closed     atomic.Bool
	outgoing   atomic.Pointer[[]*peer] // by id; replaced as a whole

	sending sync.Mutex // guards what send.go uses
	batch   batch

	receiving sync.Mutex // guards what receive.go uses
	polled    []unix.PollFd
	live      []*incoming // of polled, which has the bell in front
	wakeAt    time.Time   // when Receive shall stop waiting; zero: never

	bell    bell
	woken   atomic.Bool // Wake was called since Receive last returned
	changed atomic.Bool // accepted or dropped has changed since Receive last looked

	mu       sync.Mutex // after receiving, before any peer's
	accepted map[protocol.NodeID]*incoming
	dropped  []*incoming // shut down; to be closed by who holds receiving
}

var _ transport.Transport = (*Transport)(nil)

// New returns a transport without peers: SetPeers names them, and an HTTP server
// hands those who connect to Handler. Its errors show in Receive.
func New(o Options) *Transport {
	o.setDefaults()
	t := &Transport{options: o, times: realTimes, accepted: make(map[protocol.NodeID]*incoming)}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.outgoing.Store(new([]*peer))
	t.failure = t.bell.open()
	if o.Self.Role != protocol.RoleServer || !o.Self.ID.Valid() {
		t.failure = errors.Join(t.failure, errUnfit)
	}
	t.changed.Store(true)
	return t
}

// MaxDatagram implements transport.Transport.
func (t *Transport) MaxDatagram() int { return protocol.MaxDatagram }

// Window implements transport.Transport. TCP itself keeps receivers from being
// overrun; this much fits all queues on the way.
func (t *Transport) Window() int { return window }

// Stats implements transport.Transport. A datagram counts once for each peer. It
// is sent when the kernel or a queue took it: what a queue loses together with its
// connection counts as a failure, too.
func (t *Transport) Stats() transport.Stats { return t.counters.Snapshot() }

// Close implements transport.Transport. It waits until all goroutines have ended.
func (t *Transport) Close() error {
	if t.closed.Swap(true) {
		return nil
	}
	t.cancel()
	t.SetPeers(nil)
	t.Wake()
	// Only when Receive has returned may descriptors be closed: their numbers are
	// used again by whatever is opened next.
	t.receiving.Lock()
	t.refresh()
	err := t.bell.close()
	t.receiving.Unlock()
	t.goroutines.Wait()
	return err
}
