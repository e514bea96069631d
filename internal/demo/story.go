package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paxos/internal/cluster"
	"paxos/internal/terminal"
	"paxos/protocol"
)

// victim is the acceptor that is killed.
const victim = 2

// story is what happens: a third of the values, an acceptor dies; it comes back
// half-way; after two thirds the leader dies, and comes back when another leads.
func (d *demo) story(ctx context.Context) error {
	leader, err := d.cluster.WaitLeader(ctx, time.Time{})
	if err != nil {
		return err
	}
	d.event("%s leads", leader)
	if err := d.startClients(); err != nil {
		return err
	}
	began := time.Now()
	acceptor, err := d.killAcceptor(ctx)
	if err != nil {
		return err
	}
	if err := d.sources.give(1. / 2); err != nil {
		return err
	}
	if err := d.restart(acceptor); err != nil {
		return err
	}
	if err := d.killLeader(ctx); err != nil {
		return err
	}
	if err := d.finish(ctx); err != nil {
		return err
	}
	d.report.setDuration(time.Since(began))
	return d.cluster.WaitStarted(ctx)
}

func (d *demo) startClients() error {
	for id := 1; id <= d.Clients; id++ {
		s, err := newSource(d.cluster, id, d.Values)
		if err != nil {
			return err
		}
		d.sources = append(d.sources, s)
	}
	d.event("%d clients begin, with %s values each", d.Clients, terminal.Number(d.Values))
	return nil
}

// warmUp hands over the first values and waits until some are learned.
func (d *demo) warmUp(ctx context.Context) error {
	if err := d.sources.give(1. / 6); err != nil {
		return err
	}
	given := d.sources.given()
	return d.cluster.Wait(ctx, "the first values to be learned", func() (bool, error) {
		n, err := d.outputs[0].count()
		return n > 0 || n == given, err
	})
}

func (d *demo) killAcceptor(ctx context.Context) (*cluster.Process, error) {
	if err := d.warmUp(ctx); err != nil {
		return nil, err
	}
	if err := d.sources.give(1. / 3); err != nil {
		return nil, err
	}
	for _, p := range d.cluster.Living() {
		if p.Role == protocol.RoleAcceptor && p.ID == victim {
			return p, d.kill(p)
		}
	}
	return nil, errors.New("the acceptor that was to be killed does not run")
}

// killLeader kills the leader and hands over all remaining values meanwhile.
func (d *demo) killLeader(ctx context.Context) error {
	if err := d.sources.give(2. / 3); err != nil {
		return err
	}
	leader, err := d.cluster.Leader(time.Time{})
	if err != nil {
		return err
	}
	if leader.Process == nil {
		return errors.New("no proposer leads")
	}
	killed := time.Now()
	if err := d.kill(leader.Process); err != nil {
		return err
	}
	rest := make(chan error, 1)
	go func() { rest <- d.sources.give(1) }()
	return errors.Join(d.failOver(ctx, leader.Process, killed), <-rest)
}

// failOver waits until another proposer leads and values are learned again.
func (d *demo) failOver(ctx context.Context, old *cluster.Process, killed time.Time) error {
	leader, err := d.cluster.WaitLeader(ctx, killed)
	if err != nil {
		return err
	}
	d.event("%s leads", leader)
	before, err := d.outputs[0].count()
	if err != nil {
		return err
	}
	err = d.cluster.Wait(ctx, "values learned under the new leader", func() (bool, error) {
		n, err := d.outputs[0].count()
		return n > before || n == d.report.Values, err
	})
	if err != nil {
		return err
	}
	d.report.FailOverSeconds = time.Since(killed).Seconds()
	d.event("values are learned again")
	return d.restart(old)
}

// finish waits until all values are acknowledged and printed by all learners.
func (d *demo) finish(ctx context.Context) error {
	if err := d.sources.finish(ctx); err != nil {
		return err
	}
	d.event("all values are acknowledged")
	err := d.cluster.Wait(ctx, "the learners to print all values", func() (bool, error) {
		for _, o := range d.outputs {
			if n, err := o.count(); err != nil || n < d.report.Values {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	d.event("all values are learned")
	return nil
}

// kill ends a process with SIGKILL. It comes right after values were handed over,
// so these are on their way.
func (d *demo) kill(p *cluster.Process) error {
	learned, err := d.outputs[0].count()
	if err != nil {
		return err
	}
	given := d.sources.given()
	p.Kill()
	d.event("%s killed with -9: %s values learned, %s on their way", p, terminal.Number(learned), terminal.Number(given-learned))
	return nil
}

func (d *demo) restart(p *cluster.Process) error {
	if _, err := d.cluster.Restart(p); err != nil {
		return fmt.Errorf("start %s again: %w", p, err)
	}
	d.event("%s started again", p)
	return nil
}
