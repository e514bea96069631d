package main

import (
	"context"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"

	"paxos/bench/load"
	"paxos/bench/peer/etcdput"
	"paxos/bench/replica"
)

func main() {
	replica.Main(map[string]replica.Open{"etcd-client": openClient})
}

// etcdConnections is how many gRPC connections the callers share. etcd's own
// benchmark lets it be chosen; on 2 cores 4 gave nearly twice what 1 gave, 8 and 16 no more.
const etcdConnections = 4

// etcdClient is a process with clients of etcd.
type etcdClient struct {
	endpoints []string
	clients   []*clientv3.Client // of the leader, once it is known
	leader    uint64
	payloads  *load.Payloads
}

func openClient(_ context.Context, s replica.Spec) (replica.Driver, error) {
	return &etcdClient{endpoints: s.Clients, payloads: load.NewPayloads()}, nil
}

// Ready finds the leader, and connects to it where that is new.
func (c *etcdClient) Ready(ctx context.Context) bool {
	any, err := clientv3.New(clientv3.Config{Endpoints: c.endpoints, Context: ctx})
	if err != nil {
		return false
	}
	defer any.Close()
	for _, endpoint := range c.endpoints {
		status, err := any.Status(ctx, endpoint)
		if err == nil && status.Leader == status.Header.MemberId {
			return c.connect(endpoint, status.Leader) == nil
		}
	}
	return false
}

func (c *etcdClient) connect(endpoint string, leader uint64) error {
	if c.leader == leader {
		return nil
	}
	_ = c.Close()
	for range etcdConnections {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}})
		if err != nil {
			return err
		}
		c.clients = append(c.clients, client)
	}
	c.leader = leader
	return nil
}

func (c *etcdClient) Run(ctx context.Context, p load.Phase) (load.Result, error) {
	return etcdput.Run(ctx, p, c.payloads, c.clients...)
}

func (c *etcdClient) Close() error {
	var errs []error
	for _, client := range c.clients {
		errs = append(errs, client.Close())
	}
	c.clients, c.leader = nil, 0
	return errors.Join(errs...)
}
