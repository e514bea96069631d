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
	return r.loading(ctx, h, r.programs[0], replica.Spec{System: r.Name, Addresses: addresses})
}

// startEmbedded starts three etcd servers, each of which can make load.
func startEmbedded(ctx context.Context, r *Running, h Host) error {
	spec, err := etcdSpec(r)
	if err != nil {
		return err
	}
	return r.loading(ctx, h, etcdServer, spec)
}

// startEtcd starts three etcd servers, and a client.
func startEtcd(ctx context.Context, r *Running, h Host) error {
	spec, err := etcdSpec(r)
	if err != nil {
		return err
	}
	if err := r.three(h, etcdServer, spec); err != nil {
		return err
	}
	return r.client(ctx, h, etcdClient, replica.Spec{System: "etcd-client", Clients: spec.Clients})
}

func etcdSpec(r *Running) (replica.Spec, error) {
	all, err := servers.FreeAddresses(2 * replicas)
	if err != nil {
		return replica.Spec{}, err
	}
	return replica.Spec{System: r.Name, Addresses: all[:replicas], Clients: all[replicas:]}, nil
}

// loading starts three replicas, each of which can make load.
func (r *Running) loading(ctx context.Context, h Host, program string, spec replica.Spec) error {
	if err := r.three(h, program, spec); err != nil {
		return err
	}
	for id := 1; id <= replicas; id++ {
		if err := r.loads(ctx, fmt.Sprintf("%s-%d", r.Name, id)); err != nil {
			return err
		}
	}
	return nil
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
