package torture

import (
	"context"
	"fmt"

	"paxos/internal/process"
	"paxos/internal/servers"
)

// serverFleet is a cluster of list servers.
type serverFleet struct {
	*servers.Cluster
	all []member
}

// memberArgs are given to every member: checkpoints so often that logs are trimmed while
// the faults go on. serverArgs leave no reserve, so that a full disk is really full.
var (
	memberArgs = []string{"--checkpoint-bytes", "65536"}
	serverArgs = append([]string{"--reserve", "0"}, memberArgs...)
)

func serverMembers(count int) (all []member) {
	for i := range count {
		all = append(all, member{name: fmt.Sprintf("server-%d", i+1), voter: true, leads: true})
	}
	return all
}

func newServerFleet(dir string, o *Options, network *servers.Network) (*serverFleet, error) {
	c, err := servers.New(servers.Options{
		Dir: dir, Count: o.Nodes, Binary: o.Binary, Args: serverArgs, Network: network,
	})
	if err != nil {
		return nil, err
	}
	return &serverFleet{Cluster: c, all: serverMembers(o.Nodes)}, nil
}

func (f *serverFleet) members() []member              { return f.all }
func (f *serverFleet) start(i int) error              { return f.Start(i + 1) }
func (f *serverFleet) process(i int) *process.Process { return f.Process(i + 1) }
func (f *serverFleet) store(i int) string             { return f.DataDir(i + 1) }
func (f *serverFleet) log(i int) string               { return f.LogPath(i + 1) }
func (f *serverFleet) stop() error                    { return f.StopAll() }
func (f *serverFleet) close()                         { f.Close() }

func (f *serverFleet) leader(ctx context.Context) int {
	return f.Leader(ctx) - 1 // 0, none, becomes unknownLeader
}

func (f *serverFleet) started(ctx context.Context) error {
	return f.Wait(ctx, "all servers to answer", func() bool {
		for i := range f.all {
			if _, err := f.Status(ctx, i+1); err != nil {
				return false
			}
		}
		return true
	})
}

func (f *serverFleet) ready(ctx context.Context) error {
	_, err := f.WaitLeader(ctx)
	return err
}
