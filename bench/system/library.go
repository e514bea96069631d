package system

import (
	"context"
	"fmt"

	"paxos/bench/replica"
	"paxos/internal/process"
	"paxos/internal/servers"
)

const replicas = 3

// library starts three processes that embed a library, each of which can make load.
func library(ctx context.Context, r *Running, h Host) error {
	addresses, err := servers.FreeAddresses(replicas)
	if err != nil {
		return err
	}
	if err := r.three(h, r.programs[0], replica.Spec{System: r.Name, Addresses: addresses}); err != nil {
		return err
	}
	for id := 1; id <= replicas; id++ {
		if err := r.loads(ctx, fmt.Sprintf("%s-%d", r.Name, id)); err != nil {
			return err
		}
	}
	return nil
}

// startEtcd starts three etcd servers, and a client.
func startEtcd(ctx context.Context, r *Running, h Host) error {
	all, err := servers.FreeAddresses(2 * replicas)
	if err != nil {
		return err
	}
	peers, clients := all[:replicas], all[replicas:]
	if err := r.three(h, etcdServer, replica.Spec{System: r.Name, Addresses: peers, Clients: clients}); err != nil {
		return err
	}
	return r.client(ctx, h, etcdClient, replica.Spec{System: "etcd-client", Clients: clients})
}

// three starts three replicas.
func (r *Running) three(h Host, program string, spec replica.Spec) error {
	var all []*process.Process
	for spec.ID = 1; spec.ID <= replicas; spec.ID++ {
		p, err := r.child(h, program, spec)
		if err != nil {
			return err
		}
		all = append(all, p)
	}
	r.replicas = func() []*process.Process { return all }
	return nil
}

// client starts a process that only makes load.
func (r *Running) client(ctx context.Context, h Host, program string, spec replica.Spec) error {
	p, err := r.child(h, program, spec)
	if err != nil {
		return err
	}
	r.clients = append(r.clients, p)
	return r.loads(ctx, fmt.Sprintf("%s-%d", spec.System, spec.ID))
}
