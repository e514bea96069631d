package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"paxos/internal/config"
	"paxos/node"
	"paxos/protocol"
	"paxos/storage"
)

// place is a node's place in its cluster: who it is, and whom it can ask.
type place struct {
	id      protocol.NodeID
	self    string // host:port
	cluster protocol.ClusterID
	first   []node.Member // the nodes that the cluster began with

	mu    sync.Mutex
	seeds []node.Member // further nodes to reach, while the own list does not know the members
}

// findPlace says who this node is: what its store says, if there is one, else what
// the cluster says that it joins, else its line among the peers.
func findPlace(ctx context.Context, o Options, first config.Servers) (*place, error) {
	p := &place{self: o.Self, cluster: first.ClusterID(o.Cluster)}
	for _, s := range first {
		p.first = append(p.first, node.Member{ID: s.ID, Address: s.Address(), Voter: true})
		if s.Address() == o.Self {
			p.id = s.ID
		}
	}
	identity, err := storage.ReadIdentity(o.Dir)
	switch {
	case err == nil && identity.Role == protocol.RoleServer:
		p.id = identity.ID
		if o.Cluster == "" {
			p.cluster = identity.Cluster
		}
	case errors.Is(err, storage.ErrNotFormatted) && o.Join:
		return p, p.join(ctx, o)
	case p.id == 0 && !errors.Is(err, storage.ErrNotFormatted):
		return p, fmt.Errorf("look into the store of node %s: %w", o.Self, err)
	case p.id == 0:
		return p, fmt.Errorf("%w: %s is none of %v: name it as it stands there, or join by it", ErrPlace, o.Self, o.Peers)
	}
	return p, nil // to open the store will tell what is wrong with it
}

// join asks the running cluster who this node is.
func (p *place) join(ctx context.Context, o Options) error {
	m, err := newSeeker(o, p).awaitMembership(ctx)
	if err != nil {
		return fmt.Errorf("%w: join: ask the cluster's members: %w", ErrPlace, err)
	}
	p.cluster, p.first = m.Cluster, m.First
	p.id = 0
	for _, x := range m.Members {
		switch {
		case x.Address == p.self && x.Voter: // its store is lost, and with it its votes (rule 10)
			return fmt.Errorf("%w in %s: %s is member %s, which votes already: name the right folder; if its store is lost, replace it by a new member (ReplaceMember; paxos member replace)",
				storage.ErrNotFormatted, o.Dir, p.self, x.ID)
		case x.Address == p.self:
			p.id = x.ID
		default:
			p.seeds = append(p.seeds, x)
		}
	}
	if p.id == 0 {
		return fmt.Errorf("%w: %s is no member of the cluster: add it first (AddMember; paxos member add)", ErrPlace, p.self)
	}
	return nil
}

// setSeeds names further nodes to reach.
func (p *place) setSeeds(members []node.Member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seeds = members
}

// peers are the addresses of the other members, and of the seeds.
func (p *place) peers(members []node.Member) map[protocol.NodeID]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	peers := make(map[protocol.NodeID]string)
	for _, m := range slices.Concat(p.seeds, members) {
		if m.ID != p.id {
			peers[m.ID] = m.Address
		}
	}
	return peers
}

func ids(members []node.Member) (all []protocol.NodeID) {
	for _, m := range members {
		all = append(all, m.ID)
	}
	return all
}
