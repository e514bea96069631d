package servers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"paxos/internal/process"
)

// Start starts server i, with args after the usual ones. It is told to make its
// store where there is none yet; that never wipes anything.
func (c *Cluster) Start(i int, args ...string) error {
	flags := c.arguments(i, args)
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.latest[i]; p != nil && !p.Ended() {
		return fmt.Errorf("server %d runs already", i)
	}
	spec := process.Spec{
		Name:   fmt.Sprintf("server %d", i),
		Binary: c.options.Binary,
		Args:   flags,
		Log:    c.LogPath(i),
	}
	if c.options.Network != nil {
		spec.Within = c.options.Network.Within(i)
	}
	p, err := c.children.Start(spec)
	if err != nil {
		return err
	}
	c.latest[i] = p
	return nil
}

func (c *Cluster) arguments(i int, more []string) []string {
	args := []string{
		"server", "--cluster", c.File(), "--port", fmt.Sprint(c.options.Port), "--node", c.Address(i), "--data-dir", c.DataDir(i),
	}
	first := []string{"--init"}
	if i > len(c.servers) {
		first = []string{"--join"} // the name comes from the cluster
	} else {
		args = append(args, "--cluster-name", c.name)
	}
	// The file `identity` is written last: without it nobody has voted.
	if _, err := os.Stat(filepath.Join(c.DataDir(i), "identity")); errors.Is(err, os.ErrNotExist) {
		args = append(args, first...)
	}
	return slices.Concat(args, c.options.Args, more)
}

// StartAll starts all servers.
func (c *Cluster) StartAll() error {
	for i := range c.Count() {
		if err := c.Start(i + 1); err != nil {
			return err
		}
	}
	return nil
}

// Process is the last start of server i; nil before the first.
func (c *Cluster) Process(i int) *process.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest[i]
}

// Running reports whether server i runs; a paused one does.
func (c *Cluster) Running(i int) bool {
	p := c.Process(i)
	return p != nil && !p.Ended()
}

// Kill ends server i with SIGKILL.
func (c *Cluster) Kill(i int) error {
	return c.with(i, func(p *process.Process) error { p.Kill(); return nil })
}

// Pause stops server i with SIGSTOP: it keeps its connections and does nothing.
func (c *Cluster) Pause(i int) error { return c.with(i, (*process.Process).Pause) }

// Resume lets a paused server go on.
func (c *Cluster) Resume(i int) error { return c.with(i, (*process.Process).Resume) }

// Stop shuts server i down with SIGTERM, and fails where that was not clean.
func (c *Cluster) Stop(i int) error { return c.with(i, (*process.Process).Stop) }

// Restart starts server i again on its store; if it still runs, it is killed first.
func (c *Cluster) Restart(i int, args ...string) error {
	if c.Running(i) {
		if err := c.Kill(i); err != nil {
			return err
		}
	}
	return c.Start(i, args...)
}

// Usage is what server i uses of CPU and memory; it fails when that does not run.
func (c *Cluster) Usage(i int) (process.Usage, error) {
	var u process.Usage
	err := c.with(i, func(p *process.Process) (err error) { u, err = p.Usage(); return err })
	return u, err
}

// DiskBytes is what the store of server i takes on the disk.
func (c *Cluster) DiskBytes(i int) (int64, error) { return process.DiskBytes(c.DataDir(i)) }

func (c *Cluster) with(i int, do func(*process.Process) error) error {
	p := c.Process(i)
	if p == nil {
		return fmt.Errorf("server %d was never started", i)
	}
	return do(p)
}

// StopAll shuts all servers down, at the same time.
func (c *Cluster) StopAll() error { return c.children.Stop() }
