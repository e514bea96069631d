package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"paxos/protocol"
	"paxos/storage"
)

// Run runs one acceptor, proposer or learner until ctx is cancelled, and shuts
// it down cleanly: what was gathered is made durable, a checkpoint is written,
// the store is closed. It returns nil then; any error means that the process
// must not go on (a failed disk, a store that is not ours, a stranger).
func Run(ctx context.Context, o Options) error {
	r, err := open(o)
	if err != nil {
		return err
	}
	r.began()
	r.start()
	err = r.loop(ctx)
	return r.stop(err)
}

// runner is the loop with its goroutines.
type runner struct {
	Options
	store   *storage.Store
	machine *Machine
	sizes   Sizes

	in     *inbox
	out    *outbox
	disk   *disk
	worker *worker
	server *server
	feed   *feed
	load   *load
	status status
	meter  *meter

	box   *mailbox // of a list server
	shown shown
	space space
	epoch uint64      // of the members that were last told
	led   Leader      // what OnLeader was last told
	told  []*Proposal // in one turn, to Options.Placed

	checkpointing bool
	again         bool   // of a Process: another turn is due at once
	threshold     uint64 // bytes of values between two checkpoints
	once          once
	failure       *failure
	goroutines    sync.WaitGroup
	porthole      *porthole // nil if nobody can look in
}

// now is the machine's clock: monotonic, in nanoseconds since the start.
func (r *runner) now() protocol.Time { return r.world.now() }

// began shows and tells what was restored.
func (r *runner) began() {
	if r.box != nil {
		r.shown.publish(r.machine)
		r.tellMembers()
	}
	if r.feed != nil {
		r.feed.restored(r.machine.List)
	}
	r.status.started(r)
	if r.Probe != nil {
		r.Probe.attach(r.Transport.Wake, r.lookAside, r.figures(r.now()))
	}
}

// start starts the goroutines beside the loop.
func (r *runner) start() {
	r.spawn(r.disk.run)
	r.spawn(r.worker.run)
	r.spawn(r.server.run)
	if r.FS == nil && r.OpenDB == nil && !r.NoInspect {
		r.porthole = openPorthole(r.DataDir, r.store, r.Log)
	}
	if r.feed != nil {
		go r.feed.run() // feed.close waits for it, within bounds
	}
}

func (r *runner) spawn(f func()) {
	r.goroutines.Add(1)
	go func() {
		defer r.goroutines.Done()
		f()
	}()
}

// loop turns until ctx is done, the work is done (Once), or something fails.
// Everything that is not a datagram announces itself by waking the transport.
func (r *runner) loop(ctx context.Context) error {
	defer context.AfterFunc(ctx, r.Transport.Wake)()
	for ctx.Err() == nil {
		r.setAlarm()
		letters, err := r.in.receive()
		if err != nil {
			return err
		}
		if err := r.take(ctx, letters); err != nil {
			return err
		}
		if r.once.done(r) || r.load.finished() {
			return nil
		}
	}
	return nil
}

// take is one turn of the loop, for everything that there is news of.
func (r *runner) take(ctx context.Context, letters []letter) error {
	r.again = false
	if err := r.results(); err != nil {
		return err
	}
	now := r.now()
	for _, l := range letters {
		r.machine.Step(now, l.from, l.msg)
	}
	r.open(now)
	return r.turn(ctx)
}

// open opens the mailbox of a list server.
func (r *runner) open(now protocol.Time) {
	if r.box == nil {
		return
	}
	letters, asks := r.box.take()
	for _, l := range letters {
		r.machine.Step(now, l.from, l.msg)
	}
	for _, a := range asks {
		if a.append != nil {
			r.machine.desk.append(a.append)
		} else {
			a.do(now)
		}
	}
	if r.space.look(now) {
		r.machine.Acceptor.SetLow(r.space.low)
		r.Log.Warn("free space on the disk", "dir", r.DataDir, "bytes", r.space.left, "reserve", r.ReserveBytes, "appends_refused", r.space.low)
	}
}

// results takes in what the other goroutines have done, or failed to do.
func (r *runner) results() error {
	for {
		select {
		case res := <-r.worker.results:
			if err := r.finished(res); err != nil {
				return err
			}
		default:
			return r.failure.reason()
		}
	}
}

// turn ends a batch of events and carries out what the machine asks for.
func (r *runner) turn(ctx context.Context) error {
	now := r.now()
	if at, ok := r.machine.Deadline(); ok && at <= now {
		r.machine.Tick(now)
	}
	r.load.step(now)
	r.machine.Settle(now)
	r.load.settle(r.now())
	out := r.machine.Output()
	r.out.send(out.Now)
	r.out.release(r.disk.add(out.Records, out.TakeHeld()))
	fatal := out.Fatal
	r.machine.ResetOutput()
	if fatal != nil {
		return fatal
	}
	r.tellCalls()
	r.tellMembers()
	r.tellLeader()
	r.background()
	if r.feed != nil {
		r.feed.flush(ctx.Done(), r.failure.dead)
	}
	if err := r.keepPace(ctx); err != nil {
		return err
	}
	r.status.observe(r, now)
	if r.Probe.wanted() {
		r.Probe.tell(r.figures(now))
	}
	return nil
}

// logFactor bounds the log (rule 8): so many times the bytes between two
// checkpoints may be logged before there is one in any case. As long as the
// leader stays it is about once.
const logFactor = 4

// background starts what need not be done in the loop.
func (r *runner) background() {
	if err := r.machine.TakeUseless(); err != nil {
		r.useless(err)
	}
	for _, f := range r.machine.TakeFetches() {
		r.server.offer(f)
	}
	if len(r.worker.jobs) < workerDepth-1 {
		if chunks, pieces := r.machine.TakeChunks(); len(chunks)+len(pieces) > 0 {
			r.worker.jobs <- job{transfer: r.machine.Transfer(), chunks: chunks, pieces: pieces}
			return
		}
	}
	if r.checkpointing {
		return
	}
	if f := r.machine.TakeInstall(r.now(), r.store.Covered()); f != nil {
		r.write(job{transfer: r.machine.Transfer(), frozen: f, install: true})
	} else if r.machine.wantsCheckpoint() || r.machine.Pending() >= r.threshold || r.machine.Logged() >= logFactor*r.threshold {
		r.write(job{frozen: r.machine.Freeze(r.store.Covered()), alone: !r.machine.install.under})
	}
}

func (r *runner) write(j job) {
	r.checkpointing = true
	r.worker.jobs <- j
}

// keepPace makes the loop wait for a checkpoint that does not keep up with what
// is decided, so that memory stays bounded (rule 8). What arrives meanwhile
// waits in the sockets' buffers, or is lost and sent again.
func (r *runner) keepPace(ctx context.Context) error {
	for r.checkpointing && r.machine.Pending() >= 2*r.threshold {
		if more, err := r.awaitWorker(ctx.Done()); !more || err != nil {
			return err
		}
	}
	return nil
}

// awaitWorker waits until the worker has done something, or failed. There is no
// more to wait for after the end.
func (r *runner) awaitWorker(end <-chan struct{}) (more bool, err error) {
	if r.world.inline {
		r.again = true // what the worker's Wake would do
		r.worker.one()
		return true, r.results()
	}
	select {
	case res := <-r.worker.results:
		return true, r.finished(res)
	case <-r.failure.dead:
		return false, r.failure.err
	case <-end:
		return false, nil
	}
}

// finished takes in what the worker has done.
func (r *runner) finished(res result) error {
	if res.frozen != nil {
		r.checkpointing = false
	}
	switch {
	case res.useless != nil:
		r.useless(res.useless)
		r.machine.Useless(r.now(), res.transfer)
	case res.frozen == nil:
	case res.install:
		return r.installed(res.frozen)
	default:
		r.machine.Checkpointed(res.frozen)
	}
	return nil
}

// useless tells of a snapshot that is of no use.
func (r *runner) useless(why error) {
	r.Log.Warn("a snapshot was not installed", "error", why)
	r.meter.useless++
}

func (r *runner) installed(f *Frozen) error {
	if err := r.machine.Installed(r.now(), f); err != nil {
		return err
	}
	r.meter.installed++
	r.Log.Info("installed a snapshot", "instance", f.Checkpoint.Applied, "length", r.machine.List.Length())
	if r.feed != nil {
		r.feed.restored(r.machine.List)
	}
	return nil
}

// setAlarm makes the transport wake the loop when somebody next needs a tick.
func (r *runner) setAlarm() {
	if next, ok := r.deadline(); ok {
		r.Transport.WakeAt(r.world.began.Add(time.Duration(next)))
	}
}

// deadline is when a turn is next needed though nothing arrives.
func (r *runner) deadline() (next protocol.Time, ok bool) {
	next, ok = r.machine.Deadline()
	for _, at := range []protocol.Time{r.status.deadline(), r.load.deadline(), r.once.deadline(), r.space.at} {
		if at > 0 && (!ok || at < next) {
			next, ok = at, true
		}
	}
	return next, ok
}

// stop ends the goroutines and closes the store: after a failure as it is,
// otherwise with everything durable and a last checkpoint.
func (r *runner) stop(cause error) error {
	defer r.Probe.detach()
	err := cause
	if err == nil {
		r.handOver()
		err = r.drain()
	}
	r.disk.close()
	close(r.worker.jobs)
	close(r.server.requests)
	if r.feed != nil {
		err = errors.Join(err, r.feed.close())
	}
	r.goroutines.Wait()
	r.porthole.close()
	err = errors.Join(err, r.Transport.Close())
	if e := r.closeStore(err); e != nil && err == nil {
		err = fmt.Errorf("close the store in %s: %w", r.DataDir, e)
	}
	r.status.stopped(r)
	return err
}

// closeStore closes the store with a last checkpoint, or as it is after a failure.
func (r *runner) closeStore(cause error) error {
	if cause != nil {
		return r.store.Close(nil)
	}
	final, err := r.worker.finish(r.machine.Freeze(r.store.Covered()))
	if err != nil {
		return errors.Join(err, r.store.Close(nil))
	}
	if err := r.store.Close(&final); err != nil {
		return err
	}
	if r.world.watch.Checkpointed != nil {
		r.world.watch.Checkpointed(final.Applied)
	}
	return nil
}

// drain waits until the disk and the worker have done what they were given.
func (r *runner) drain() error {
	r.disk.drain()
	for r.world.inline && r.worker.waits() && r.failure.reason() == nil {
		r.worker.one()
	}
	for r.checkpointing && r.failure.reason() == nil {
		if _, err := r.awaitWorker(nil); err != nil {
			return err
		}
	}
	return r.failure.reason()
}
