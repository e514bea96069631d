package etcdput

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"paxos/bench/load"
)

// Run puts values, by callers that share the clients. Each caller has a key of its
// own and puts it again and again, so that the index stays small.
func Run(ctx context.Context, p load.Phase, payloads *load.Payloads, clients ...*clientv3.Client) (load.Result, error) {
	keys := make([]string, p.InFlight)
	for i := range keys {
		keys[i] = fmt.Sprintf("key-%04d", i)
	}
	return load.Run(ctx, p, payloads, func(ctx context.Context, caller int, payload []byte) error {
		_, err := clients[caller%len(clients)].Put(ctx, keys[caller], string(payload))
		return err
	})
}
