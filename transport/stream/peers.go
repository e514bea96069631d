package stream

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"paxos/protocol"
)

// PeerStatus tells how it stands with one peer.
type PeerStatus struct {
	ID          protocol.NodeID
	Address     string
	Connected   bool   // we can send to it
	Heard       bool   // it is connected to us, as far as Receive has noticed
	QueuedBytes int    // waiting to be sent, with 64 bytes for each datagram
	Shed        uint64 // datagrams that were lost here, and not in the network
	Reconnects  uint64 // connections after the first one
	LastError   string // why the last connection ended or failed; "" while connected
}

// SetPeers says who the other servers are and at which host:port they listen. It
// replaces what was said before: who is not named any more is disconnected, and
// refused from now on. Our own id in it means nothing. Any goroutine may call it.
func (t *Transport) SetPeers(addresses map[protocol.NodeID]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	addresses = maps.Clone(addresses)
	delete(addresses, t.options.Self.ID)
	if t.closed.Load() {
		addresses = nil
	}
	var peers []*peer
	for _, p := range *t.outgoing.Load() {
		if address, stays := addresses[p.id]; stays && address == p.address {
			delete(addresses, p.id)
			peers = append(peers, p)
		} else {
			p.stop()
		}
	}
	for id, address := range addresses {
		peers = append(peers, t.startPeer(id, address))
	}
	slices.SortFunc(peers, func(a, b *peer) int { return cmp.Compare(a.id, b.id) })
	t.outgoing.Store(&peers)
	for id, in := range t.accepted {
		if t.peer(id) == nil {
			t.drop(in)
		}
	}
}

// startPeer starts to connect to a peer, for ever. The caller holds mu.
func (t *Transport) startPeer(id protocol.NodeID, address string) *peer {
	p := &peer{t: t, id: id, address: address, hurry: make(chan struct{}, 1), work: make(chan struct{}, 1)}
	p.log = t.options.Log.With("peer", id, "address", address)
	ctx, stop := context.WithCancel(t.ctx)
	p.stop = stop
	t.goroutines.Go(func() { p.run(ctx) })
	return p
}

// peer returns the peer with that id, or nil.
func (t *Transport) peer(id protocol.NodeID) *peer {
	peers := *t.outgoing.Load()
	i, found := slices.BinarySearchFunc(peers, id, func(p *peer, id protocol.NodeID) int { return cmp.Compare(p.id, id) })
	if !found {
		return nil
	}
	return peers[i]
}

// Peers tells how it stands with each peer, by id.
func (t *Transport) Peers() []PeerStatus {
	peers := *t.outgoing.Load()
	all := make([]PeerStatus, 0, len(peers))
	for _, p := range peers {
		s := p.status()
		t.mu.Lock()
		s.Heard = t.accepted[p.id] != nil
		t.mu.Unlock()
		all = append(all, s)
	}
	return all
}
