package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"paxos/node"
	"paxos/protocol"
	"paxos/server/listclient"
	"paxos/storage"
)

// place is a list server's place in its cluster.
type place struct {
	id      protocol.NodeID
	cluster protocol.ClusterID
	dir     string        // of the store
	first   []node.Member // the servers that the cluster began with

	mu    *sync.Mutex
	seeds []node.Member // further servers to reach, while the own list does not know the members
}

// findPlace says who this server is: what its store says, if there is one, else
// what the cluster says that it joins, else its line in the cluster file.
func (s *listServer) findPlace(ctx context.Context) (p place, err error) {
	p = s.placeInFile()
	if s.flags.join && !hasStore(s.flags.dataDir) {
		if p, err = s.placeToJoin(ctx); err != nil {
			return p, err
		}
	}
	p.mu = new(sync.Mutex)
	p.dir = cmp.Or(s.flags.dataDir, filepath.Join(filepath.Dir(s.flags.cluster), "paxos-data", fmt.Sprintf("server-%d", p.id)))
	identity, err := storage.ReadIdentity(p.dir)
	if err != nil || identity.Role != protocol.RoleServer {
		return p, nil // to open it will tell
	}
	p.id = identity.ID
	if s.flags.clusterName == "" {
		p.cluster = identity.Cluster
	}
	return p, nil
}

func (s *listServer) placeInFile() place {
	p := place{id: s.self.ID, cluster: s.servers.ClusterID(s.flags.clusterName)}
	for _, m := range s.servers {
		p.first = append(p.first, node.Member{ID: m.ID, Address: m.Address(), Voter: true})
	}
	return p
}

// mayBeNew reports whether this server need not stand in the cluster file.
func (s *listServer) mayBeNew() bool { return s.flags.join || hasStore(s.flags.dataDir) }

func hasStore(dir string) bool {
	if dir == "" {
		return false
	}
	_, err := storage.ReadIdentity(dir)
	return !errors.Is(err, storage.ErrNotFormatted)
}

// placeToJoin asks the running cluster.
func (s *listServer) placeToJoin(ctx context.Context) (p place, err error) {
	members, err := s.askMembers(ctx, nil, discoverPatience)
	if err != nil {
		return p, fmt.Errorf("--join: ask the cluster's members: %w", err)
	}
	cluster, err := strconv.ParseUint(members.Cluster, 16, 64)
	if err != nil {
		return p, fmt.Errorf("--join: the cluster's id %q: %w", members.Cluster, err)
	}
	p.cluster, p.first = protocol.ClusterID(cluster), fromClient(members.First)
	for _, m := range fromClient(members.Members) {
		if m.Address == s.self.Address() {
			p.id = m.ID
		} else {
			p.seeds = append(p.seeds, m)
		}
	}
	if p.id == 0 {
		return p, fmt.Errorf("--join: %s is no member of the cluster: add it first, with: paxos member add %s %s",
			s.self.Address(), s.flags.cluster, s.self.Address())
	}
	return p, nil
}

// askMembers asks the servers of the cluster file, and known ones, who belongs to
// the cluster.
func (s *listServer) askMembers(ctx context.Context, known []node.Member, patience time.Duration) (listclient.Membership, error) {
	addresses := s.servers.Addresses()
	for _, m := range known {
		addresses = append(addresses, m.Address)
	}
	slices.Sort(addresses)
	others := slices.DeleteFunc(slices.Compact(addresses), func(a string) bool { return a == "" || a == s.self.Address() })
	if len(others) == 0 {
		return listclient.Membership{}, errors.New("no other server is known")
	}
	c, err := listclient.New(listclient.Config{Servers: others, Token: s.security.token, TLS: s.security.peers, GiveUp: patience})
	if err != nil {
		return listclient.Membership{}, err
	}
	defer c.Close()
	return c.Members(ctx)
}

const (
	// seekEvery is how often a server that is not in step asks who the members are.
	seekEvery = 2 * time.Second
	// seekAfter is how long it must not have been in step.
	seekAfter = 3 * time.Second
)

// seekMembers helps a server that was away while the members changed: those
// that its list knows may all be gone. It ends with ctx.
func (s *listServer) seekMembers(ctx context.Context, engine *node.Server) {
	tick := time.NewTicker(seekEvery)
	defer tick.Stop()
	for seeded := len(s.place.seeds) > 0; ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		stale := engine.Stale()
		switch {
		case stale >= 0 && stale < seekAfter:
			if seeded {
				s.seed(engine, nil)
				seeded = false
			}
		default:
			if m, err := s.askMembers(ctx, engine.Status().Members, seekEvery); err == nil {
				s.seed(engine, fromClient(m.Members))
				seeded = true
			}
		}
	}
}

func (s *listServer) seed(engine *node.Server, members []node.Member) {
	s.place.setSeeds(members)
	engine.Seed(ids(members))
}

func fromClient(members []listclient.Member) (all []node.Member) {
	for _, m := range members {
		all = append(all, node.Member(m))
	}
	return all
}

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
