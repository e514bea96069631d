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
	members, err := s.awaitMembership(ctx)
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
