package sealed

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

// DefaultTolerance and MaxTolerance are for Options.Tolerance.
const (
	DefaultTolerance = time.Minute
	MaxTolerance     = 24 * time.Hour
)

// Options say which key a transport is sealed with.
type Options struct {
	Secret  Secret
	Cluster protocol.ClusterID
	// Tolerance is how far the time on a datagram may be from our clock, in both
	// directions: for the difference of the hosts' clocks, and the way here. Whole
	// seconds from 1 s to MaxTolerance; 0 means DefaultTolerance.
	Tolerance time.Duration
}

// sealBytes is how much is sealed before it is handed on, if no datagram is larger.
const sealBytes = 128 << 10

// errTooLarge is why a datagram that leaves no room for a trailer is not sent.
var errTooLarge = errors.New("sealed: datagram too large to be sealed")

// Transport is a sealed transport; see transport.Transport.
type Transport struct {
	inner transport.Transport
	now   func() time.Time

	sending sync.Mutex // a second caller must not use a nonce twice
	sealer  *sealer
	buffer  []byte
	sealed  []transport.Datagram

	opener *opener // only Receive uses it

	tooLarge      atomic.Uint64
	received      atomic.Uint64
	receivedBytes atomic.Uint64
	refused       [verdicts]atomic.Uint64
}

var _ transport.Transport = (*Transport)(nil)

// Wrap seals what is sent through inner, and opens what is received. The caller
// must use inner no more; Close closes it.
func Wrap(inner transport.Transport, o Options) (*Transport, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	sending, err := newKeyring(o.Secret, o.Cluster)
	if err != nil {
		return nil, err
	}
	receiving, err := newKeyring(o.Secret, o.Cluster)
	if err != nil {
		return nil, err
	}
	t := &Transport{inner: inner, now: time.Now, sealer: newSealer(sending)}
	t.buffer = make([]byte, 0, max(sealBytes, inner.MaxDatagram()))
	t.opener = &opener{
		keys: receiving, senders: newSenders(maxSenders), tolerance: int64(o.Tolerance / time.Second), self: t.sealer.self.Load,
	}
	return t, nil
}

func (o *Options) check() error {
	if err := o.Secret.check(); err != nil {
		return fmt.Errorf("sealed: the key %w", err)
	}
	if o.Tolerance == 0 {
		o.Tolerance = DefaultTolerance
	}
	if o.Tolerance < time.Second || o.Tolerance > MaxTolerance || o.Tolerance%time.Second != 0 {
		return fmt.Errorf("sealed: tolerance %v: must be whole seconds, 1 s to %v", o.Tolerance, MaxTolerance)
	}
	return nil
}

// clock is the time for stamps.
func (t *Transport) clock() uint32 { return uint32(t.now().Unix()) }

// Send implements transport.Transport. A datagram may be MaxDatagram less Trailer
// bytes long; a longer one is lost, and counted as a send failure.
func (t *Transport) Send(out []transport.Datagram) {
	t.sending.Lock()
	defer t.sending.Unlock()
	now := t.clock()
	for len(out) > 0 {
		n := t.seal(out, now)
		t.inner.Send(t.sealed)
		out = out[n:]
	}
	clear(t.sealed)
}

// seal fills the buffer with as many of out as it holds, at least one, and returns
// how many those were. The buffer never grows: t.sealed points into it.
func (t *Transport) seal(out []transport.Datagram, now uint32) int {
	t.buffer, t.sealed = t.buffer[:0], t.sealed[:0]
	for i, d := range out {
		size := len(d.Data) + Trailer
		if size > t.inner.MaxDatagram() {
			t.tooLarge.Add(1)
			continue
		}
		start := len(t.buffer)
		if start+size > cap(t.buffer) {
			return i
		}
		t.buffer = t.sealer.seal(t.buffer, d.Group, now, d.Data)
		d.Data = t.buffer[start:]
		t.sealed = append(t.sealed, d)
	}
	return len(out)
}

// Receive implements transport.Transport. Unlike others it may return without any
// datagram and without a Wake: when all that came was refused. To wait on would
// swallow a Wake that came with it.
func (t *Transport) Receive(into []transport.Datagram) ([]transport.Datagram, error) {
	before := len(into)
	got, err := t.inner.Receive(into)
	if len(got) == before {
		return got, err
	}
	now, kept, bytes := t.clock(), got[:before], 0
	for _, d := range got[before:] {
		payload, v := t.opener.open(d.Group, now, d.Data)
		if v != admitted {
			t.refused[v].Add(1)
			continue
		}
		d.Data = payload
		kept = append(kept, d)
		bytes += len(payload)
	}
	clear(got[len(kept):])
	t.received.Add(uint64(len(kept) - before))
	t.receivedBytes.Add(uint64(bytes))
	return kept, err
}

// Wake implements transport.Transport.
func (t *Transport) Wake() { t.inner.Wake() }

// WakeAt implements transport.Transport.
func (t *Transport) WakeAt(at time.Time) { t.inner.WakeAt(at) }

// MaxDatagram implements transport.Transport: what the inner transport carries,
// Trailer included. node.SizesFor leaves room for it in every datagram, sealed or
// not, so that what fits one cluster's datagrams does not depend on its key.
func (t *Transport) MaxDatagram() int { return t.inner.MaxDatagram() }

// Window implements transport.Transport.
func (t *Transport) Window() int { return t.inner.Window() }

// Stats implements transport.Transport. Bytes are payload bytes, without trailers;
// what was refused does not count as received.
func (t *Transport) Stats() transport.Stats {
	s := t.inner.Stats()
	s.SentBytes -= min(s.SentBytes, Trailer*s.SentDatagrams) // the two are not of one moment
	if n := t.tooLarge.Load(); n > 0 {
		s.SendFailures += n
		if s.LastSendError == nil {
			s.LastSendError = errTooLarge
		}
	}
	s.ReceivedDatagrams, s.ReceivedBytes = t.received.Load(), t.receivedBytes.Load()
	s.Unauthentic = t.refused[unauthentic].Load()
	s.Stale = t.refused[stale].Load()
	s.Replayed = t.refused[replayed].Load()
	s.Crowded = t.refused[crowded].Load()
	return s
}

// Close implements transport.Transport.
func (t *Transport) Close() error { return t.inner.Close() }
