package node

import (
	"errors"
	"fmt"

	"paxos/protocol"
	"paxos/transport"
)

// letter is a decoded message with its sender.
type letter struct {
	from protocol.Sender
	msg  protocol.Message
}

// inbox receives datagrams in the loop's own goroutine, decodes them, and drops
// what is not for this process. (A goroutine of its own for it would cost a
// hand-off for each batch: more than the receiving itself.)
type inbox struct {
	transport transport.Transport
	cluster   protocol.ClusterID
	self      protocol.Peer
	datagrams []transport.Datagram
	letters   []letter
	drops     drops
}

// drops counts datagrams that were not for us, by reason.
type drops struct {
	foreign, version, cluster, truncated, checksum, malformed uint64
	own, good                                                 uint64
}

func newInbox(t transport.Transport, cluster protocol.ClusterID, self protocol.Peer) *inbox {
	return &inbox{transport: t, cluster: cluster, self: self}
}

// receive waits for messages, or for a Wake of the transport, and returns what
// came; the letters are good until the next call.
func (in *inbox) receive() ([]letter, error) {
	clear(in.letters) // the messages must not live on here
	in.letters = in.letters[:0]
	datagrams, err := in.transport.Receive(in.datagrams[:0])
	if err != nil {
		return nil, fmt.Errorf("receive from the network: %w", err)
	}
	for _, d := range datagrams {
		if l, ok := in.decode(d.Data); ok {
			in.letters = append(in.letters, l)
		}
	}
	clear(datagrams)
	in.datagrams = datagrams
	return in.letters, nil
}

func (in *inbox) decode(data []byte) (letter, bool) {
	if from, _, err := protocol.Peek(in.cluster, data); err == nil && from.Peer == in.self {
		in.drops.own++ // multicast brings our own messages back
		return letter{}, false
	}
	from, msg, err := protocol.DecodeMessage(in.cluster, data)
	if err != nil {
		in.drops.count(err)
		return letter{}, false
	}
	in.drops.good++
	return letter{from, msg}, true
}

func (d *drops) count(err error) {
	for _, c := range []struct {
		reason  error
		counter *uint64
	}{
		{protocol.ErrForeign, &d.foreign}, {protocol.ErrVersion, &d.version}, {protocol.ErrCluster, &d.cluster},
		{protocol.ErrTruncated, &d.truncated}, {protocol.ErrChecksum, &d.checksum}, {protocol.ErrMalformed, &d.malformed},
	} {
		if errors.Is(err, c.reason) {
			*c.counter++
			return
		}
	}
}

// onlyForeign reports whether datagrams of other clusters arrive, and none of ours.
func (d *drops) onlyForeign() bool { return d.cluster > 0 && d.good == 0 }

// byReason names the counts.
func (d *drops) byReason() map[string]uint64 {
	return map[string]uint64{
		"foreign": d.foreign, "other_version": d.version, "other_cluster": d.cluster,
		"truncated": d.truncated, "bad_checksum": d.checksum, "malformed": d.malformed,
	}
}

// fields are the counts for a log line.
func (d *drops) fields() []any {
	return []any{
		"foreign", d.foreign, "other_version", d.version, "other_cluster", d.cluster,
		"truncated", d.truncated, "bad_checksum", d.checksum, "malformed", d.malformed,
	}
}
