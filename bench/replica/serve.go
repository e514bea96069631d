package replica

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"path/filepath"

	"paxos/bench/load"
)

// socket is where a child is asked.
func socket(dir string) string { return filepath.Join(dir, "ask") }

// Serve answers the parent until ctx ends, and closes the driver.
func Serve(ctx context.Context, dir string, d Driver) (err error) {
	defer func() { err = errors.Join(err, d.Close()) }()
	l, err := net.Listen("unix", socket(dir))
	if err != nil {
		return fmt.Errorf("listen for the parent: %w", err)
	}
	defer l.Close()
	server := rpc.NewServer()
	if err := server.RegisterName("Child", &child{ctx, d}); err != nil {
		return err
	}
	go server.Accept(l)
	<-ctx.Done()
	return nil
}

// child is what the parent can ask; net/rpc wants these signatures.
type child struct {
	ctx    context.Context
	driver Driver
}

// Nothing is what is said where nothing need be said.
type Nothing struct{}

// Ready answers whether load can be made here.
func (c *child) Ready(_ Nothing, ready *bool) error {
	*ready = c.driver.Ready(c.ctx)
	return nil
}

// Run makes load and answers when it has ended.
func (c *child) Run(p load.Phase, result *load.Result) (err error) {
	*result, err = c.driver.Run(c.ctx, p)
	return err
}
