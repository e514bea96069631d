package node

import (
	"context"
	"fmt"
	"time"

	"paxos/client"
	"paxos/protocol"
)

// RunClient submits payloads until there are no more and all are acknowledged.
// A cancelled context, a payload that is too long, and a session that expired
// are errors; the report then tells how many were acknowledged before.
func RunClient(ctx context.Context, o ClientOptions) (ClientReport, error) {
	r, err := openClient(o)
	if err != nil {
		return ClientReport{}, err
	}
	defer r.source.stop()
	defer o.Transport.Close()
	go r.source.run()
	if o.Probe != nil {
		o.Probe.attach(o.Transport.Wake, r.lookAside, r.figures(r.now()))
		defer o.Probe.detach()
	}
	err = r.loop(ctx)
	return r.report(), err
}

// clientRunner is a client's loop.
type clientRunner struct {
	ClientOptions
	began  time.Time
	core   *client.Client
	in     *inbox
	out    outbox
	sends  protocol.Output
	source *source

	block    []byte // payloads taken from the source and not offered yet
	waiting  int    // how many
	spare    []byte
	offered  uint64
	end      error // of the source
	progress time.Time
	told     uint64 // how many are acknowledged

	hearing hearing
	look    protocol.Time // when to look next at what is heard
	acks    ackTimer
}

func openClient(o ClientOptions) (*clientRunner, error) {
	sizes, err := SizesFor(o.Transport.MaxDatagram(), o.Acceptors)
	if err != nil {
		return nil, err
	}
	real := world{}.withDefaults()
	core := client.New(client.Config{Nonce: real.nonce(), Seed: real.random(), SubmitBytes: sizes.Submit, Window: o.Window})
	self := protocol.Sender{Peer: o.Self}
	return &clientRunner{
		ClientOptions: o, began: time.Now(), core: core, source: newSource(o),
		in:   newInbox(o.Transport, o.Cluster, o.Self),
		out:  outbox{transport: o.Transport, cluster: o.Cluster, self: self},
		look: protocol.Time(statusEvery), acks: newAckTimer(),
	}, nil
}

func (r *clientRunner) now() protocol.Time { return protocol.Time(time.Since(r.began)) }

func (r *clientRunner) loop(ctx context.Context) error {
	defer context.AfterFunc(ctx, r.Transport.Wake)()
	for ctx.Err() == nil {
		if at, ok := r.core.Deadline(); ok {
			r.Transport.WakeAt(r.began.Add(time.Duration(at)))
		}
		letters, err := r.in.receive()
		if err != nil {
			return err
		}
		now := r.now()
		for _, l := range letters {
			r.core.Step(now, l.from, l.msg, &r.sends)
		}
		if done, err := r.turn(); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("interrupted with %d values not acknowledged", r.core.Outstanding())
}

// turn offers what there is room for and sends; done means that everything is
// acknowledged.
func (r *clientRunner) turn() (done bool, err error) {
	now := r.now()
	if at, ok := r.core.Deadline(); ok && at <= now {
		r.core.Tick(now, &r.sends)
	}
	if err := r.offer(); err != nil {
		return false, err
	}
	r.core.Flush(now, &r.sends)
	r.out.send(r.sends.Now)
	r.sends.Now = r.sends.Now[:0]
	if err := r.core.Err(); err != nil {
		return false, err
	}
	r.tell()
	r.listen(now)
	r.acks.look(now, r.offered, uint64(r.core.Acked()))
	if r.Probe.wanted() {
		r.Probe.tell(r.figures(now))
	}
	if r.end != nil && r.waiting == 0 && r.core.Outstanding() == 0 {
		if !ended(r.end) {
			return false, r.end
		}
		return true, nil
	}
	return false, nil
}

// offer gives the core as many payloads as its window has room for.
func (r *clientRunner) offer() error {
	for {
		if r.waiting == 0 && r.end == nil {
			spare := r.spare
			r.block, r.waiting, r.end = r.source.take(spare)
			r.spare = r.block[:0]
		}
		if r.waiting == 0 {
			return nil
		}
		payload, rest, err := protocol.NextPayload(r.block)
		if err != nil {
			return fmt.Errorf("value %d: %w: more than %d bytes", r.offered+1, client.ErrTooLong, protocol.MaxPayload)
		}
		if err := r.core.Fits(len(payload)); err != nil {
			return fmt.Errorf("value %d: %w", r.offered+1, err)
		}
		if !r.core.Offer(payload) {
			return nil
		}
		r.block, r.waiting, r.offered = rest, r.waiting-1, r.offered+1
	}
}

const progressEvery = 200 * time.Millisecond

// tell reports acknowledgements at once, and progress now and then.
func (r *clientRunner) tell() {
	if acked := uint64(r.core.Acked()); r.Acked != nil && acked > r.told {
		r.told = acked
		r.Acked(acked)
	}
	if r.Progress == nil || time.Since(r.progress) < progressEvery {
		return
	}
	r.progress = time.Now()
	r.Progress(r.report())
}

// listen tells why nobody answers, where what is heard says so.
func (r *clientRunner) listen(now protocol.Time) {
	if now < r.look {
		return
	}
	r.look = now.Add(statusEvery)
	r.hearing.observe(r.Log, r.Cluster, &r.in.drops, r.Transport.Stats())
}

func (r *clientRunner) report() ClientReport {
	return ClientReport{Submitted: r.offered, Acked: uint64(r.core.Acked()), Elapsed: time.Since(r.began)}
}
