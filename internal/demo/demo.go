package demo

import (
	"context"
	"fmt"
	"time"

	"paxos/internal/cluster"
	"paxos/protocol"
)

// The size of the cluster. With three acceptors one may be down.
const (
	acceptors = 3
	proposers = 2
	learners  = 2
)

// patience is how long the clients' values may take beside what they need.
const patience = 30 * time.Second

// slowest is the least number of values a second that a run is given time for.
const slowest = 2000

// Options say what a demo is.
type Options struct {
	Dir     string // an empty or missing folder for the cluster
	Binary  string // see cluster.Options
	Clients int    // how many, at least 1
	Values  int    // of each client, at least 1
	// Event, if not nil, is told what happens, when it happens.
	Event func(Event)
}

// demo is a demo that runs.
type demo struct {
	Options
	cluster *cluster.Cluster
	began   time.Time
	sources sources
	outputs []*output
	report  Report
}

// Run runs the demo. The error says why it could not be carried through; what
// the checks found is in the report.
func Run(ctx context.Context, o Options) (Report, error) {
	total := o.Clients * o.Values
	limit := patience + time.Duration(total/slowest)*time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done in %s", limit))
	defer cancel()
	c, err := cluster.New(cluster.Options{Dir: o.Dir, Binary: o.Binary, Acceptors: acceptors})
	if err != nil {
		return Report{}, err
	}
	defer c.Close()
	d := &demo{Options: o, cluster: c, began: time.Now(), report: Report{Dir: c.Dir(), Clients: o.Clients, Values: total}}
	defer d.closeOutputs()
	err = d.run(ctx)
	return d.report, err
}

func (d *demo) run(ctx context.Context) error {
	if err := d.start(); err != nil {
		return err
	}
	if err := d.story(ctx); err != nil {
		return err
	}
	return d.conclude()
}

// start starts all roles but the clients.
func (d *demo) start() error {
	for role, count := range map[protocol.Role]int{protocol.RoleAcceptor: acceptors, protocol.RoleProposer: proposers, protocol.RoleLearner: learners} {
		for id := 1; id <= count; id++ {
			if _, err := d.cluster.Start(role, id); err != nil {
				return err
			}
		}
	}
	for id := 1; id <= learners; id++ {
		o, err := openOutput(d.cluster.OutputPath(protocol.RoleLearner, id))
		if err != nil {
			return err
		}
		d.outputs = append(d.outputs, o)
	}
	return nil
}

func (d *demo) closeOutputs() {
	for _, o := range d.outputs {
		o.close()
	}
}

// conclude stops the cluster, and looks at what it leaves.
func (d *demo) conclude() error {
	if err := d.cluster.Stop(); err != nil {
		return err
	}
	stopped, err := d.cluster.Stopped()
	if err != nil {
		return err
	}
	d.report.Fsyncs = stopped.Fsyncs
	if d.report.DiskBytes, err = d.cluster.DiskBytes(); err != nil {
		return err
	}
	var printed []string
	for id := 1; id <= learners; id++ {
		printed = append(printed, d.cluster.OutputPath(protocol.RoleLearner, id))
	}
	d.report.Checks, err = checks(d.sources.sent(), printed)
	return err
}

// event notes that something happened.
func (d *demo) event(format string, args ...any) {
	e := Event{Seconds: time.Since(d.began).Seconds(), What: fmt.Sprintf(format, args...)}
	d.report.Events = append(d.report.Events, e)
	if d.Event != nil {
		d.Event(e)
	}
}
