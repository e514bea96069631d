package system

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"paxos/bench/load"
	"paxos/bench/replica"
	"paxos/internal/process"
)

// startPatience is how long a system may take until it takes load, also after it
// has lost its leader.
const startPatience = 60 * time.Second

// Running is a system that runs. Its methods are for one goroutine.
type Running struct {
	System
	dir      string
	children *process.Set // what this program plays
	replicas func() []*process.Process
	clients  []*process.Process
	loaders  []*replica.Remote // where load can be made
	check    []func() error    // whether all still runs
	close    []func()
}

// Start starts a system and waits until it takes load. Close must be called.
func (s System) Start(ctx context.Context, h Host) (_ *Running, err error) {
	r := &Running{System: s, dir: filepath.Join(h.Dir, s.Name), children: process.NewSet()}
	r.check, r.close = append(r.check, r.children.Check), append(r.close, r.children.Close)
	defer func() {
		if err != nil {
			err = fmt.Errorf("start %s: %w", s.Name, err)
			r.Close()
		}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, fmt.Errorf("not ready within %s", startPatience))
	defer cancel()
	if err := os.Mkdir(r.dir, 0o755); err != nil {
		return nil, err
	}
	if err := s.start(ctx, r, h); err != nil {
		return nil, err
	}
	if _, err := r.loader(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// child starts a process that plays a replica or a client.
func (r *Running) child(h Host, program string, spec replica.Spec) (*process.Process, error) {
	name := fmt.Sprintf("%s-%d", spec.System, spec.ID)
	spec.Dir = filepath.Join(r.dir, name)
	if err := os.Mkdir(spec.Dir, 0o755); err != nil {
		return nil, err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	return r.children.Start(process.Spec{
		Name: name, Binary: filepath.Join(h.Programs, program), Args: []string{string(text)}, Log: filepath.Join(r.dir, name+".log"),
	})
}

// loads connects to a child that makes load.
func (r *Running) loads(ctx context.Context, name string) error {
	remote, err := replica.Dial(ctx, filepath.Join(r.dir, name))
	if err != nil {
		return errors.Join(err, r.Check())
	}
	r.loaders = append(r.loaders, remote)
	r.close = append(r.close, remote.Close)
	return nil
}

// loader is where load can be made now.
func (r *Running) loader(ctx context.Context) (*replica.Remote, error) {
	for {
		for _, l := range r.loaders {
			if ready, err := l.Ready(ctx); err == nil && ready {
				return l, nil
			}
		}
		if err := r.Check(); err != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for a leader of %s: %w", r.Name, context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Run makes load. Where the leader was lost under it, the error says so.
func (r *Running) Run(ctx context.Context, p load.Phase) (load.Result, error) {
	ready, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	l, err := r.loader(ready)
	if err != nil {
		return load.Result{}, err
	}
	result, err := l.Run(ctx, p)
	if err != nil {
		return result, errors.Join(fmt.Errorf("%s, %d in flight, %d bytes: %w", r.Name, p.InFlight, p.Bytes, err), r.Check())
	}
	return result, nil
}

// Processes are all processes: the replicas', and those that only make load.
func (r *Running) Processes() []*process.Process { return slices.Concat(r.replicas(), r.clients) }

// Replicas are the processes of the replicas.
func (r *Running) Replicas() []*process.Process { return r.replicas() }

// Check reports a process that ended although nobody asked it to.
func (r *Running) Check() error {
	for _, check := range r.check {
		if err := check(); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return nil
}

// Close kills what runs and removes its folder. It may be called again.
func (r *Running) Close() {
	for _, end := range slices.Backward(r.close) {
		end()
	}
	r.close = nil
	_ = os.RemoveAll(r.dir) // the folder around it is removed as well, and tells
}
