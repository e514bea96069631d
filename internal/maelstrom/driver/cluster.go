package driver

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Cluster is some nodes, n1, n2, ..., on a network.
type Cluster struct {
	Net   *Network
	Names []string

	start   Starter
	clients atomic.Int64

	mu    sync.Mutex
	nodes map[string]*running
}

type running struct {
	*Process
	host *host
}

// initPatience is how long a node may take to answer init.
const initPatience = 2 * time.Minute

// Start starts nodes and tells them who they are. Whoever starts them must Stop
// or Kill all.
func Start(nodes int, seed uint64, start Starter) (*Cluster, error) {
	c := &Cluster{Net: newNetwork(seed), start: start, nodes: make(map[string]*running)}
	for i := range nodes {
		c.Names = append(c.Names, "n"+strconv.Itoa(i+1))
	}
	for _, name := range c.Names {
		if err := c.Restart(name); err != nil {
			return nil, errors.Join(err, c.KillAll())
		}
	}
	return c, nil
}

// Restart starts a node that does not run.
func (c *Cluster) Restart(name string) error {
	p, err := c.start(name)
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	c.mu.Lock()
	c.nodes[name] = &running{p, c.Net.attach(name, p.In, p.Out)}
	c.mu.Unlock()
	client := c.Client()
	defer client.Close()
	reply, err := client.Call(name, map[string]any{"type": "init", "node_id": name, "node_ids": c.Names}, initPatience)
	if err != nil || reply.Type != "init_ok" {
		return fmt.Errorf("init of %s: %+v, %w", name, reply, err)
	}
	return nil
}

// Kill ends a node at once; it does nothing if the node does not run.
func (c *Cluster) Kill(name string) {
	if r := c.remove(name); r != nil {
		r.Kill()
	}
}

// remove takes a node off the network.
func (c *Cluster) remove(name string) *running {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.nodes[name]
	if r != nil {
		delete(c.nodes, name)
		c.Net.leave(name, r.host)
	}
	return r
}

// KillAll ends all nodes at once.
func (c *Cluster) KillAll() error {
	for _, name := range c.Names {
		c.Kill(name)
	}
	return nil
}

// Stop ends all nodes by the end of their input, and returns what they ended with
// and what they printed that was no message.
func (c *Cluster) Stop() error {
	var all []error
	stopping := make(map[string]*running)
	for _, name := range c.Names {
		if r := c.remove(name); r != nil {
			stopping[name] = r
			all = append(all, r.In.Close())
		}
	}
	for name, r := range stopping {
		if err := r.Wait(); err != nil {
			all = append(all, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(append(all, c.Net.Err())...)
}
