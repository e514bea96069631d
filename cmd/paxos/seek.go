package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"paxos/node"
	"paxos/server/listclient"
)

// A server asks the others who belongs to the cluster when it joins, and when it
// was away for so long that those whom its list knows may all be gone.

// awaitMembership asks until this server is a member, or for a while: who starts it
// and who adds it need not wait for each other.
func (s *listServer) awaitMembership(ctx context.Context) (listclient.Membership, error) {
	for end := time.Now().Add(discoverPatience); ; {
		m, err := s.askMembers(ctx, nil, discoverPatience)
		has := func(x listclient.Member) bool { return x.Address == s.self.Address() }
		if err != nil || slices.ContainsFunc(m.Members, has) || time.Now().After(end) {
			return m, err
		}
		select {
		case <-time.After(joinEvery):
		case <-ctx.Done():
			return m, context.Cause(ctx)
		}
	}
}

// joinEvery is the pause between two questions whether a server is a member yet.
const joinEvery = 200 * time.Millisecond

// askMembers asks the servers of the cluster file, and known ones, who belongs to
// the cluster.
func (s *listServer) askMembers(ctx context.Context, known []node.Member, patience time.Duration) (listclient.Membership, error) {
	others := s.others(known)
	if len(others) == 0 {
		return listclient.Membership{}, errors.New("no other server is known")
	}
	c, err := s.clientOf(others, patience)
	if err != nil {
		return listclient.Membership{}, err
	}
	defer c.Close()
	return c.Members(ctx)
}

// others are the addresses of the cluster file and of known servers, but for this one's.
func (s *listServer) others(known []node.Member) []string {
	addresses := s.servers.Addresses()
	for _, m := range known {
		addresses = append(addresses, m.Address)
	}
	slices.Sort(addresses)
	return slices.DeleteFunc(slices.Compact(addresses), func(a string) bool { return a == "" || a == s.self.Address() })
}

// clientOf is a client of other servers.
func (s *listServer) clientOf(addresses []string, patience time.Duration) (*listclient.Client, error) {
	return listclient.New(listclient.Config{Servers: addresses, Token: s.security.token, TLS: s.security.peers, GiveUp: patience})
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
		case engine.Status().Removed:
			return
		case stale >= 0 && stale < seekAfter:
			if seeded {
				s.seed(engine, nil)
				seeded = false
			}
		default:
			if members := s.seekOnce(ctx, engine); len(members) > 0 {
				s.seed(engine, members)
				seeded = true
			}
		}
	}
}

// seekOnce returns the members of the cluster, or, while nobody can say for
// certain, all whom the servers that answer believe to be members: perhaps a
// majority is there only with this server. One that was removed is told so.
func (s *listServer) seekOnce(ctx context.Context, engine *node.Server) []node.Member {
	known := engine.Status().Members
	m, err := s.askMembers(ctx, known, seekEvery)
	if err != nil {
		return s.believedMembers(ctx, known)
	}
	members := fromClient(m.Members)
	if m.Cluster == s.place.cluster.String() && !slices.Contains(ids(members), s.place.id) {
		engine.Dismiss()
	}
	return members
}

func (s *listServer) believedMembers(ctx context.Context, known []node.Member) (all []node.Member) {
	ctx, cancel := context.WithTimeout(ctx, seekEvery)
	defer cancel()
	for _, address := range s.others(known) {
		c, err := s.clientOf([]string{address}, time.Nanosecond) // it asks once
		if err != nil {
			continue
		}
		if st, err := c.Status(ctx, ""); err == nil {
			for _, m := range fromClient(st.Members) {
				if !slices.Contains(ids(all), m.ID) {
					all = append(all, m)
				}
			}
		}
		c.Close()
	}
	return all
}

func (s *listServer) seed(engine *node.Server, members []node.Member) {
	s.place.setSeeds(members)
	engine.Seed(ids(members))
}
