package sim

import (
	"errors"
	"fmt"
	"hash/crc32"

	"paxos/node"
	"paxos/protocol"
	"paxos/storage"
)

func (h *host) String() string { return fmt.Sprintf("%v-%v", h.peer.Role, h.peer.ID) }

// newHost puts a machine into the network that takes part in the cluster. Nothing
// runs on it yet.
func (w *world) newHost(p protocol.Peer) *host {
	h := w.machine(p)
	h.number = len(w.hosts)
	w.hosts = append(w.hosts, h)
	return h
}

func (w *world) machine(p protocol.Peer) *host {
	h := &host{w: w, peer: p, stores: 1, rate: 1}
	h.rng = w.random("host", uint64(p.Role), uint64(p.ID))
	h.disk = newDisk(h.rng.Uint64(), w.plan.tearSectors)
	h.end = w.network.join(p, h)
	return h
}

// start starts a process, unless something keeps the machine down.
func (h *host) start() {
	if h.up() || h.holds > 0 || h.lost || h.gone {
		return
	}
	h.life++
	h.era++
	h.clock = newClock(h.w.now, h.rate)
	h.touched, h.turnAt, h.busy, h.leads = false, 0, 0, false
	h.committing, h.working, h.serving, h.going, h.met = false, false, false, false, false
	h.w.tally.starts++
	h.w.note("%v starts, life %d", h, h.life)
	p, err := h.open()
	if err != nil {
		h.ends("start", err)
		return
	}
	h.process, h.formatted, h.ended = p, true, nil
	h.opened()
	h.beginImages()
	h.w.network.hostUp(h.end)
	h.touch()
}

func (h *host) open() (*process, error) {
	if h.observer {
		return node.OpenObserver(h.options(), node.Env{Now: h.time, Random: h.rng.Uint64})
	}
	return node.OpenProcess(h.options(), h.env())
}

// options are those of the program, but for what is small here so that it happens
// often.
func (h *host) options() node.Options {
	w := h.w
	o := node.Options{
		Self: h.peer, Cluster: w.plan.cluster, Quorum: w.quorum, Transport: &socket{h.end, h, h.life},
		DataDir: dataDir, Init: !h.trouble.bare && (!h.formatted || h.rng.IntN(2) == 0),
		FS: h.disk.files, OpenDB: h.disk.bases.Open,
		Images: w.plan.images.on, TransactionBytes: w.plan.images.transaction, Budgets: w.plan.images.budgets(),
		CheckpointBytes: w.plan.checkpointBytes, SegmentBytes: w.plan.segmentBytes, Timing: w.plan.timing,
	}
	if !w.network.streams {
		h.seed(w.members()) // whoever starts it knows whom to ask
	}
	o.Seeds = h.seeds()
	switch h.peer.Role {
	case protocol.RoleServer:
		o.Members, o.OnMembers = w.founders, h.toldMembers
		o.ReserveBytes, o.FreeBytes = reserveBytes, h.freeBytes
	case protocol.RoleLearner:
		if h.observer {
			break
		}
		o.Entries, o.From = h.entries, h.feedFrom()
	}
	return o
}

// env is the world as the process sees it. The judge watches.
func (h *host) env() node.Env {
	j := h.w.judge
	return node.Env{
		Now:    h.time,
		Random: h.w.random("life", uint64(h.peer.Role), uint64(h.peer.ID), uint64(h.life)).Uint64,
		Watch: node.Watch{
			Restored:     h.restored,
			Sent:         h.sent,
			Durable:      h.durable,
			Applied:      h.applied,
			Installed:    h.installed,
			Checkpointed: func(i protocol.Instance) { h.w.tally.checkpoints++; j.checkpointed(h, i) },
		},
	}
}

func (h *host) restored(r storage.Restored) {
	for _, pin := range r.Pins {
		h.pinned(pin)
	}
	h.w.judge.restored(h, r)
}

func (h *host) sent(s protocol.Send) {
	if h.w.trace != nil {
		h.w.note("%v tells %s: %s", h, audience(s), describe(s.Msg))
	}
	if h.follower != nil {
		h.fetches(s)
	}
	h.w.judge.sent(h, s)
}

func (h *host) durable(records []protocol.Record) {
	for _, rec := range records {
		h.w.digest.add(uint64(rec.Type()))
		if pin, ok := rec.(*protocol.Pinned); ok {
			h.pinned(pin.Pin)
		}
	}
	h.w.judge.durable(h, records)
}

func (h *host) applied(i protocol.Instance, value []byte) {
	w := h.w
	w.digest.add(uint64(i)<<32 | uint64(crc32.Checksum(value, protocol.Castagnoli)))
	w.tally.applied++
	w.decided = max(w.decided, i)
	w.judge.applied(h, i, value)
}

func (h *host) installed(i protocol.Instance) {
	h.w.digest.add(uint64(i))
	h.w.tally.installed++
	h.w.note("%v has installed a snapshot of instance %v", h, i)
	h.fetching.under = false
	h.w.judge.installed(h, i)
}

// ends is the end of a process by an error. It must be one that the faults explain.
func (h *host) ends(doing string, err error) {
	h.w.note("%v ends in %s: %v", h, doing, err)
	if errors.Is(err, errPower) {
		h.crash() // that is what the error stands for
		return
	}
	h.explain(doing, err)
	if errors.Is(err, errSync) {
		h.disk.mem.FailWriteback()
	}
	p := h.process
	h.cutShort("failed")
	h.down()
	h.ended = err
	h.w.tally.stopped++
	if p != nil {
		_ = p.Stop() // it closes the store as it is, and says the same error again
	}
	h.disk.kill()
	h.afterError(err)
	if !h.observer {
		h.w.judge.stopped(h, err)
	}
}

// down notes that no process runs any more.
func (h *host) down() {
	h.process = nil
	h.follower.abandon()
	h.follower = nil
	h.era++
	h.w.network.hostDown(h.end)
}

// crash is a power failure.
func (h *host) crash() {
	h.cutShort("crashed")
	h.abandon()
	h.disk = h.disk.crashed()
	h.w.tally.crashes++
}

// kill is a kill -9.
func (h *host) kill() {
	h.cutShort("killed")
	h.abandon()
	h.disk.kill()
	h.w.tally.kills++
}

func (h *host) abandon() {
	if h.up() {
		h.process.Abandon()
		h.down()
	}
}

// stop shuts the process down cleanly, and reports whether it could.
func (h *host) stop() bool {
	if !h.up() {
		return false
	}
	p := h.process
	h.w.note("%v is stopped", h)
	h.follower.finish()
	err := p.Stop()
	switch {
	case errors.Is(err, errPower):
		h.crash()
		return false
	case err != nil:
		h.ends("stop", err)
		return false
	}
	h.down()
	h.ended = nil
	h.disk.kill()
	h.w.tally.cleanStops++
	return true
}

// hold keeps the machine down, whatever else happens to it, until it is released
// as often.
func (h *host) hold() { h.holds++ }

func (h *host) release() {
	h.holds--
	h.start()
}
