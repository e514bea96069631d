package torture

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"paxos/internal/cluster"
	"paxos/internal/process"
	"paxos/internal/servers"
	"paxos/protocol"
)

// How many of the roles there are beside the acceptors.
const (
	proposers = 2
	learners  = 2
)

// roleFleet is a cluster of the multicast roles: acceptors, then proposers, then learners.
type roleFleet struct {
	*cluster.Cluster
	all   []member
	roles []protocol.Role
	ids   []int

	mu     sync.Mutex
	latest []*cluster.Process
	starts []int // how often each was started
}

func roleMembers(acceptors int) (all []member) {
	for i := range acceptors {
		all = append(all, member{name: fmt.Sprintf("acceptor-%d", i+1), voter: true})
	}
	for i := range proposers {
		all = append(all, member{name: fmt.Sprintf("proposer-%d", i+1), leads: true})
	}
	for i := range learners {
		all = append(all, member{name: fmt.Sprintf("learner-%d", i+1)})
	}
	return all
}

func newRoleFleet(dir string, o *Options, network *servers.Network) (*roleFleet, error) {
	f := &roleFleet{all: roleMembers(o.Nodes)}
	for _, r := range []struct {
		role  protocol.Role
		count int
	}{{protocol.RoleAcceptor, o.Nodes}, {protocol.RoleProposer, proposers}, {protocol.RoleLearner, learners}} {
		for id := range r.count {
			f.roles, f.ids = append(f.roles, r.role), append(f.ids, id+1)
		}
	}
	f.latest, f.starts = make([]*cluster.Process, len(f.all)), make([]int, len(f.all))
	options := cluster.Options{Dir: dir, Binary: o.Binary, Acceptors: o.Nodes, Args: memberArgs}
	if network != nil {
		options.Interface = servers.PortInterface
		options.Within = func(role protocol.Role, id int) []string { return network.Within(f.number(role, id) + 1) }
	}
	var err error
	f.Cluster, err = cluster.New(options)
	return f, err
}

func (f *roleFleet) number(role protocol.Role, id int) int {
	for i := range f.all {
		if f.roles[i] == role && f.ids[i] == id {
			return i
		}
	}
	panic(fmt.Sprintf("torture: there is no %v %d", role, id))
}

func (f *roleFleet) members() []member  { return f.all }
func (f *roleFleet) store(i int) string { return f.DataDir(f.roles[i], f.ids[i]) }
func (f *roleFleet) log(i int) string   { return f.LogPath(f.roles[i], f.ids[i]) }
func (f *roleFleet) stop() error        { return f.Stop() }
func (f *roleFleet) close()             { f.Close() }

// start keeps what a learner printed in its earlier life: it prints anew.
func (f *roleFleet) start(i int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.roles[i] == protocol.RoleLearner && f.starts[i] > 0 {
		if err := os.Rename(f.output(i), f.earlier(i, f.starts[i])); err != nil {
			return fmt.Errorf("keep what a learner printed: %w", err)
		}
	}
	p, err := f.Start(f.roles[i], f.ids[i])
	if err != nil {
		return err
	}
	f.latest[i] = p
	f.starts[i]++
	return nil
}

func (f *roleFleet) output(i int) string { return f.OutputPath(f.roles[i], f.ids[i]) }

// earlier is the file with what a learner printed in its n-th life, counted from 1.
func (f *roleFleet) earlier(i, n int) string { return fmt.Sprintf("%s.%d", f.output(i), n) }

// outputs are all files that a learner printed, the last one last.
func (f *roleFleet) outputs(i int) (files []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := 1; n < f.starts[i]; n++ {
		files = append(files, f.earlier(i, n))
	}
	return append(files, f.output(i))
}

// learners are the numbers of the learners.
func (f *roleFleet) learners() (all []int) {
	for i, role := range f.roles {
		if role == protocol.RoleLearner {
			all = append(all, i)
		}
	}
	return all
}

func (f *roleFleet) process(i int) *process.Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.latest[i] == nil {
		return nil
	}
	return f.latest[i].Process
}

// leader is the running proposer that was the last to say that it leads.
func (f *roleFleet) leader(context.Context) int {
	l, err := f.Leader(time.Time{})
	if err != nil || l.Process == nil {
		return unknownLeader
	}
	return f.number(l.Role, l.ID)
}

func (f *roleFleet) started(ctx context.Context) error { return f.WaitStarted(ctx) }

func (f *roleFleet) ready(ctx context.Context) error {
	if err := f.WaitStarted(ctx); err != nil {
		return err
	}
	_, err := f.WaitLeader(ctx, time.Time{})
	return err
}
