package replica

import (
	"context"
	"fmt"
	"net/rpc"
	"time"

	"paxos/bench/load"
)

// Remote is a child as its parent sees it.
type Remote struct {
	client *rpc.Client
}

// Dial connects to the child of a folder, which may still be starting.
func Dial(ctx context.Context, dir string) (*Remote, error) {
	for {
		client, err := rpc.Dial("unix", socket(dir))
		if err == nil {
			return &Remote{client}, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("reach the child of %s: %w", dir, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Ready reports whether load can be made there now.
func (r *Remote) Ready(ctx context.Context) (bool, error) {
	var ready bool
	err := r.call(ctx, "Child.Ready", Nothing{}, &ready)
	return ready, err
}

// Run makes load there.
func (r *Remote) Run(ctx context.Context, p load.Phase) (load.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Limit()+10*time.Second)
	defer cancel()
	var result load.Result
	err := r.call(ctx, "Child.Run", p, &result)
	return result, err
}

// Close ends the connection, not the child.
func (r *Remote) Close() { _ = r.client.Close() }

func (r *Remote) call(ctx context.Context, method string, args, reply any) error {
	call := r.client.Go(method, args, reply, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return call.Error
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
