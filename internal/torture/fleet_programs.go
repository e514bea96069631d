package torture

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"paxos/internal/config"
	"paxos/internal/process"
	"paxos/internal/servers"
)

// programFleet is a cluster of a program that is not ours, started as docs/torture.md
// says. Nothing is known of it but what it answers; not even who leads.
type programFleet struct {
	program   string
	dir       string
	all       []member
	addresses []string
	network   *servers.Network // nil on loopback
	client    *http.Client
	children  *process.Set

	mu     sync.Mutex
	latest []*process.Process // the last start of each
}

func programMembers(count int) (all []member) {
	for i := range count {
		all = append(all, member{name: fmt.Sprintf("node-%d", i+1), voter: true, leads: true})
	}
	return all
}

func newProgramFleet(dir string, o *Options, network *servers.Network) (*programFleet, error) {
	f := &programFleet{
		program: o.Program, dir: dir, all: programMembers(o.Nodes), network: network,
		children: process.NewSet(), latest: make([]*process.Process, o.Nodes),
	}
	t := &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 10 * time.Second}
	f.client = &http.Client{Transport: t}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the cluster's folder: %w", err)
	}
	if network == nil {
		var err error
		f.addresses, err = servers.FreeAddresses(o.Nodes)
		return f, err
	}
	t.DialContext = network.DialContext
	for i := range o.Nodes {
		f.addresses = append(f.addresses, net.JoinHostPort(network.Host(i+1), strconv.Itoa(config.DefaultPort)))
	}
	return f, nil
}

func (f *programFleet) members() []member          { return f.all }
func (f *programFleet) store(i int) string         { return filepath.Join(f.dir, f.all[i].name) }
func (f *programFleet) log(i int) string           { return f.store(i) + ".log" }
func (f *programFleet) stop() error                { return f.children.Stop() }
func (f *programFleet) close()                     { f.children.Close() }
func (f *programFleet) leader(context.Context) int { return unknownLeader }

// start gives --init at the first start only; no nemesis is at it before that one is over.
func (f *programFleet) start(i int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	args := []string{"--listen", f.addresses[i], "--peers", strings.Join(f.addresses, ","), "--dir", f.store(i)}
	if f.latest[i] == nil {
		args = append(args, "--init")
	}
	spec := process.Spec{Name: f.all[i].name, Binary: f.program, Args: args, Log: f.log(i)}
	if f.network != nil {
		spec.Within = f.network.Within(i + 1)
	}
	p, err := f.children.Start(spec)
	if err == nil {
		f.latest[i] = p
	}
	return err
}

func (f *programFleet) process(i int) *process.Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.latest[i]
}

func (f *programFleet) url(i int, path string) string { return "http://" + f.addresses[i] + path }

// answers asks a member for a key that nobody uses. The status is 0 where there is no answer.
func (f *programFleet) answers(ctx context.Context, i int) (status int) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url(i, keyPath("ready")), nil)
	if err != nil {
		return 0
	}
	answer, err := f.client.Do(r)
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

// waitAll waits until every member's answer is good.
func (f *programFleet) waitAll(ctx context.Context, what string, good func(status int) bool) error {
	return f.children.Wait(ctx, what, func() (bool, error) {
		for i := range f.all {
			if !good(f.answers(ctx, i)) {
				return false, nil
			}
		}
		return true, nil
	})
}

func (f *programFleet) started(ctx context.Context) error {
	return f.waitAll(ctx, "all nodes to answer", func(status int) bool { return status != 0 })
}

func (f *programFleet) ready(ctx context.Context) error {
	return f.waitAll(ctx, "all nodes to do reads", func(status int) bool {
		return status == http.StatusOK || status == http.StatusNotFound
	})
}
