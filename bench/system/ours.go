package system

import (
	"context"
	"path/filepath"

	"paxos/bench/replica"
	"paxos/internal/cluster"
	"paxos/internal/process"
	"paxos/internal/servers"
	"paxos/protocol"
)

// startRoles starts three acceptors and a learner, and a proposer that makes load.
func startRoles(ctx context.Context, r *Running, h Host) error {
	c, err := r.roles(h)
	if err != nil {
		return err
	}
	p, err := r.child(h, paxosProposer, replica.Spec{System: r.Name, ID: 1, Config: c.ConfigPath()})
	if err != nil {
		return err
	}
	others := r.replicas
	r.replicas = func() []*process.Process { return append(others(), p) }
	if err := c.WaitStarted(ctx); err != nil {
		return err
	}
	return r.loads(ctx, r.Name+"-1")
}

// startRolesUDP starts three acceptors, a learner and a proposer, and a client.
func startRolesUDP(ctx context.Context, r *Running, h Host) error {
	c, err := r.roles(h)
	if err != nil {
		return err
	}
	if _, err := c.Start(protocol.RoleProposer, 1); err != nil {
		return err
	}
	if err := c.WaitStarted(ctx); err != nil {
		return err
	}
	return r.client(ctx, h, paxosClient, replica.Spec{System: "roles-client", Config: c.ConfigPath()})
}

// roles starts three acceptors and a learner.
func (r *Running) roles(h Host) (*cluster.Cluster, error) {
	c, err := cluster.New(cluster.Options{Dir: filepath.Join(r.dir, "cluster"), Binary: filepath.Join(h.Programs, "paxos"), Acceptors: replicas, NoOutput: true})
	if err != nil {
		return nil, err
	}
	r.check, r.close = append(r.check, c.Check), append(r.close, c.Close)
	r.replicas = func() (all []*process.Process) {
		for _, p := range c.Living() {
			all = append(all, p.Process)
		}
		return all
	}
	for id := 1; id <= replicas; id++ {
		if _, err := c.Start(protocol.RoleAcceptor, id); err != nil {
			return nil, err
		}
	}
	_, err = c.Start(protocol.RoleLearner, 1)
	return c, err
}

// startServers starts three list servers, and a client.
func startServers(ctx context.Context, r *Running, h Host) error {
	c, err := servers.New(servers.Options{Dir: filepath.Join(r.dir, "cluster"), Count: replicas, Binary: filepath.Join(h.Programs, "paxos")})
	if err != nil {
		return err
	}
	r.check, r.close = append(r.check, c.Check), append(r.close, c.Close)
	r.replicas = func() (all []*process.Process) {
		for i := range c.Count() {
			all = append(all, c.Process(i+1))
		}
		return all
	}
	if err := c.StartAll(); err != nil {
		return err
	}
	if err := c.WaitReady(ctx); err != nil {
		return err
	}
	return r.client(ctx, h, paxosClient, replica.Spec{System: "list-client", Clients: c.Addresses()})
}
