package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"

	"paxos/bench/load"
	"paxos/bench/peer/etcdput"
	"paxos/bench/replica"
)

func main() {
	replica.Main(map[string]replica.Open{"etcd": openServer, "etcd-embedded": openServer})
}

// etcdServer is one etcd server.
type etcdServer struct {
	*embed.Etcd
	client   *clientv3.Client // in this process, without a connection
	payloads *load.Payloads
}

func openServer(ctx context.Context, s replica.Spec) (replica.Driver, error) {
	e, err := embed.StartEtcd(etcdConfig(s))
	if err != nil {
		return nil, err
	}
	select {
	case <-e.Server.ReadyNotify():
		return etcdServer{e, v3client.New(e.Server), load.NewPayloads()}, nil
	case err := <-e.Err():
		return nil, err
	case <-ctx.Done():
		e.Close()
		return nil, ctx.Err()
	}
}

// etcdConfig is etcd's default but for the names, the addresses and the quota.
func etcdConfig(s replica.Spec) *embed.Config {
	c := embed.NewConfig()
	c.Name = etcdName(s.ID)
	c.Dir = filepath.Join(s.Dir, "etcd")
	c.LogLevel = "error"
	c.QuotaBackendBytes = 8 << 30 // the default of 2 GiB could be reached: etcd keeps every version
	peer, client := etcdURL(s.Addresses[s.ID-1]), etcdURL(s.Clients[s.ID-1])
	c.ListenPeerUrls, c.AdvertisePeerUrls = peer, peer
	c.ListenClientUrls, c.AdvertiseClientUrls = client, client
	var all []string
	for i, address := range s.Addresses {
		all = append(all, fmt.Sprintf("%s=http://%s", etcdName(i+1), address))
	}
	c.InitialCluster = strings.Join(all, ",")
	return c
}

func etcdName(id int) string { return fmt.Sprintf("etcd-%d", id) }

func etcdURL(address string) []url.URL { return []url.URL{{Scheme: "http", Host: address}} }

func (e etcdServer) Ready(context.Context) bool { return e.Server.Leader() == e.Server.MemberID() }

func (e etcdServer) Run(ctx context.Context, p load.Phase) (load.Result, error) {
	return etcdput.Run(ctx, p, e.payloads, e.client)
}

func (e etcdServer) Close() error {
	err := e.client.Close()
	e.Etcd.Close()
	return err
}
