package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"paxos/internal/servers"
	"paxos/internal/torture/history"
	"paxos/internal/torture/report"
)

// startPatience is how long the cluster may take until it takes commands.
const startPatience = 2 * time.Minute

// run is a run that goes on.
type run struct {
	Options
	plan     plan
	world    world
	network  *servers.Network
	workload workload
	recorder *history.Recorder
	deeds    *deeds
	counters counters
	result   Result
	phase    atomic.Value // string
	checks   []namedCheck
	cleanUp  []func() // in reverse order
}

// Run carries a run through: it builds a cluster, lets clients use it while nemeses do
// harm, heals all, reads what is there, checks everything and leaves the run's folder.
// The error says why it could not be carried through; what the checks found is in the
// result. In any case no process, network or mount stays behind.
func Run(ctx context.Context, o Options) (Result, error) {
	r := &run{Options: o}
	var err error
	if r.plan, err = r.Options.plan(); err != nil {
		return r.result, err
	}
	if r.Dir, err = makeFolder(o.Dir); err != nil {
		return r.result, err
	}
	r.result.Dir = r.Dir
	defer r.close()
	if err := r.build(); err != nil {
		return r.result, err
	}
	defer r.tell(ctx)()
	err = r.carryOut(ctx)
	return r.result, r.conclude(ctx, err)
}

func (r *run) close() {
	for _, f := range slices.Backward(r.cleanUp) {
		f()
	}
}

func (r *run) later(f func()) { r.cleanUp = append(r.cleanUp, f) }

// build makes network, cluster, disks and clients, and starts nothing yet.
func (r *run) build() (err error) {
	all := membersOf(r.Workload, r.Nodes)
	if r.plan.network {
		if err := r.buildNetwork(len(all)); err != nil {
			return err
		}
	}
	r.recorder = history.NewRecorder(time.Now())
	r.deeds = newDeeds(r.recorder)
	if err := r.buildCluster(); err != nil {
		return err
	}
	r.later(func() { r.workload.close() })
	r.world.keeper = newKeeper(r.world.fleet)
	if r.Workload == KV {
		r.world.keeper.fullCodes = programFullCodes
	}
	if r.plan.disks {
		if err := r.buildDisks(all); err != nil {
			return err
		}
	}
	return r.writeJSON(report.ConfigFile, r.settings())
}

func (r *run) buildNetwork(count int) (err error) {
	if r.network, err = servers.NewNetwork(count); err != nil {
		return err
	}
	r.later(r.network.Close)
	r.world.links = newLinks(r.network, count, r.Workload == Roles)
	if r.Workload != Roles {
		return nil
	}
	return r.network.AllowMulticast()
}

// membersOf are those of a workload's cluster.
func membersOf(workload string, nodes int) []member {
	switch workload {
	case Roles:
		return roleMembers(nodes)
	case KV:
		return programMembers(nodes)
	}
	return serverMembers(nodes)
}

func (r *run) buildCluster() error {
	dir := r.path(clusterFolder)
	switch r.Workload {
	case Roles:
		return r.buildRoles(dir)
	case KV:
		return r.buildPrograms(dir)
	}
	return r.buildServers(dir)
}

func (r *run) buildRoles(dir string) error {
	f, err := newRoleFleet(dir, &r.Options, r.network)
	if err != nil {
		return err
	}
	r.later(f.close)
	r.world.fleet = f
	r.workload, err = newRoleWorkload(f, r.network, &r.Options, r.recorder, &r.counters)
	return err
}

func (r *run) buildServers(dir string) error {
	f, err := newServerFleet(dir, &r.Options, r.network)
	if err != nil {
		return err
	}
	r.later(f.close)
	r.world.fleet = f
	r.workload, err = newServerWorkload(f, r.network, &r.Options, r.recorder, &r.counters)
	return err
}

func (r *run) buildPrograms(dir string) error {
	f, err := newProgramFleet(dir, &r.Options, r.network)
	if err != nil {
		return err
	}
	r.later(f.close)
	r.world.fleet, r.workload = f, newKeyWorkload(f, r.recorder, &r.counters)
	return nil
}

func (r *run) buildDisks(all []member) (err error) {
	if r.world.disks, err = newDisks(r.path(disksFolder), all); err != nil {
		return err
	}
	// After the processes, which use them, have ended.
	r.cleanUp = slices.Insert(r.cleanUp, 0, r.world.disks.close)
	for i := range all {
		if err := r.world.disks.lend(i, r.world.fleet.store(i)); err != nil {
			return err
		}
	}
	return nil
}

// random is a stream of its own for each purpose, so that they do not disturb each other.
func (r *run) random(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(r.Seed, stream)) }

// The streams.
const (
	streamNemesis = 1
	streamProbes  = 2
	streamClients = 100
	streamPace    = 1000
)

// carryOut is the run from the first start of the cluster to its end. The error is a
// *failedCheck, or says why the run could not go on.
func (r *run) carryOut(ctx context.Context) error {
	r.enter("starting")
	if err := r.world.keeper.tend(); err != nil {
		return err
	}
	if err := r.ready(ctx); err != nil {
		return err
	}
	if r.started != nil {
		r.started(r.world.fleet)
	}
	if err := r.attack(ctx); err != nil {
		return err
	}
	r.enter("stopping")
	err := r.up(ctx)
	r.workload.close() // a server waits for connections on which nothing was asked yet
	if err == nil {
		err = r.world.fleet.stop()
	}
	return r.check(checkShutdown, err)
}

// up waits until all that were started last, when all was healed, are there: one that is
// asked to stop while it is still starting dies of the request.
func (r *run) up(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, fmt.Errorf("not within %s", startPatience))
	defer cancel()
	return r.world.fleet.started(ctx)
}

func (r *run) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startPatience, fmt.Errorf("not ready within %s", startPatience))
	defer cancel()
	return r.world.fleet.ready(ctx)
}

// attack is the time in which the cluster is used. Whatever goes wrong in the background
// ends it.
func (r *run) attack(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	keeping, endKeeping := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		if err := r.world.keeper.run(keeping); err != nil {
			fail(&failedCheck{checkProcesses, err})
		}
	}()
	crowd := play(ctx, r.clients(), func(err error) { fail(&failedCheck{checkAnswers, err}) })
	err := r.story(ctx, crowd)
	if err != nil {
		fail(err) // clients need not wait for their answers any more
	}
	crowd.wait()
	endKeeping()
	<-kept
	r.result.DiskEnds = r.world.keeper.diskEnds()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(r.check(checkAnswers, nil), r.check(checkProcesses, nil))
}

// story is what happens, one after the other.
func (r *run) story(ctx context.Context, crowd *crowd) error {
	r.enter("running")
	harm := newSchedule(&r.world, r.plan.kinds, r.Interval, r.random(streamNemesis), r.deeds)
	if err := r.harm(ctx, harm); err != nil {
		return err
	}
	r.enter("healing")
	if err := errors.Join(harm.heal(), r.world.keeper.tend()); err != nil {
		return err
	}
	if err := r.check(checkAvailable, r.available(ctx)); err != nil {
		return err
	}
	r.enter("reading what is there in the end")
	crowd.wait()
	return r.check(checkFinal, r.workload.final(ctx))
}

// harm lets the nemeses do harm until the time is over.
func (r *run) harm(ctx context.Context, s *schedule) error {
	limited, cancel := context.WithTimeout(ctx, r.TimeLimit)
	defer cancel()
	if err := s.run(limited); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// clients are those of the run, each with a pace.
func (r *run) clients() []player {
	all := make([]player, r.Concurrency)
	for i := range all {
		pace := r.random(streamPace + uint64(i))
		all[i].client = r.workload.client(i+1, r.random(streamClients+uint64(i)))
		all[i].pace = func() time.Duration { return stagger(r.Rate, r.Concurrency, pace) }
	}
	return all
}

// healPatience is how long no append may be done once all is healed. The aim is 2 s;
// what it took is told. More is allowed for machines that have much else to do.
const healPatience = time.Minute

// available measures how long it takes from now until an append is done.
func (r *run) available(ctx context.Context) error {
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, healPatience, fmt.Errorf("all was healed, but no append was done within %s", healPatience))
	defer cancel()
	done := make(chan time.Duration, 1)
	var probing sync.WaitGroup
	for _, probe := range r.workload.probes(r.random(streamProbes)) {
		probing.Go(func() {
			if untilDone(ctx, probe) {
				select {
				case done <- time.Since(began):
				default:
				}
				cancel()
			}
		})
	}
	probing.Wait()
	select {
	case took := <-done:
		r.result.UnavailableSeconds = took.Seconds()
		return nil
	default:
		r.result.UnavailableSeconds = time.Since(began).Seconds()
		return context.Cause(ctx)
	}
}

// untilDone lets a client do operations until one is done, or ctx ends.
func untilDone(ctx context.Context, c client) bool {
	for ctx.Err() == nil {
		done, err := c.one(ctx)
		if done || err != nil {
			return done
		}
		sleep(ctx, 10*time.Millisecond)
	}
	return false
}
