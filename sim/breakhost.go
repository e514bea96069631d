package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/vfs"
)

// breakCrash lets a machine, or all of them at once, lose power, or kills a process.
func breakCrash(w *world, f *Fault, r *rand.Rand) func() {
	if r.IntN(6) == 0 {
		return downAll(w, f, "all lose power", (*host).crash)
	}
	h := w.victim(r, running)
	if h == nil {
		f.What = impossible
		return nil
	}
	switch r.IntN(3) {
	case 0:
		w.done(f, fmt.Sprint(h), "loses power")
		h.hold()
		h.crash()
	case 1:
		w.done(f, fmt.Sprint(h), "is killed")
		h.hold()
		h.kill()
	default:
		if h.follower != nil && r.IntN(2) == 0 {
			return crashInAnImage(w, f, r, h)
		}
		return crashWithin(w, f, r, h)
	}
	return h.release
}

// crashWithin lets the power fail in the middle of what the disk does: at one of
// its next operations. If there are not so many it fails when the fault ends.
func crashWithin(w *world, f *Fault, r *rand.Rand, h *host) func() {
	if h.trouble.any() {
		f.What = impossible
		return nil
	}
	n := 1 + r.IntN(1<<r.IntN(6))
	if r.IntN(4) == 0 {
		h.disk.bases.Arm(kv.Fault{Kinds: pick(r, kv.OpCommit, kv.OpAfter), N: 1 + r.IntN(3), Err: errPower})
		w.done(f, fmt.Sprint(h), "will lose power at a commit of its database")
	} else {
		h.disk.files.Arm(vfs.Fault{Kinds: vfs.OpChange, N: n, Forever: true, Short: r.IntN(2) == 0, Err: errPower})
		w.done(f, fmt.Sprint(h), fmt.Sprintf("will lose power at operation %d of its disk", n))
	}
	at := h.disk
	w.later(time.Duration(r.Int64N(int64(100*time.Millisecond))), func() {
		if h.disk == at { // not yet: at the latest now
			h.crash()
			w.count("power failures by time", 1)
		}
		h.startSoon()
	})
	return func() { h.start() }
}

// downAll takes down all that run, until the fault ends.
func downAll(w *world, f *Fault, what string, down func(*host)) func() {
	w.done(f, "all", what)
	var held []*host
	for _, h := range w.hosts {
		if h.up() {
			h.hold()
			down(h)
			held = append(held, h)
		}
	}
	return func() {
		for _, h := range held {
			h.release()
		}
	}
}

// breakRestart stops a process cleanly, or all of them, and starts it again.
func breakRestart(w *world, f *Fault, r *rand.Rand) func() {
	if r.IntN(6) == 0 {
		return downAll(w, f, "all are restarted", func(h *host) { h.stop() })
	}
	h := w.victim(r, running)
	if h == nil {
		f.What = impossible
		return nil
	}
	w.done(f, fmt.Sprint(h), "is restarted")
	h.hold()
	h.stop()
	return h.release
}

// breakPause stops a machine for a while, as SIGSTOP or a virtual machine's host
// does: datagrams still arrive, nothing else happens.
func breakPause(w *world, f *Fault, r *rand.Rand) func() {
	h := w.victim(r, running)
	if h == nil {
		f.What = impossible
		return nil
	}
	w.done(f, fmt.Sprint(h), "pauses")
	h.paused = max(h.paused, f.Until)
	return func() {
		if w.healed { // before its time
			h.paused = 0
			h.resume()
		}
	}
}

// breakDrift lets a clock run fast or slow.
func breakDrift(w *world, f *Fault, r *rand.Rand) func() {
	h := w.victim(r, running)
	if h == nil {
		f.What = impossible
		return nil
	}
	rate := pick(r, 0.5, 0.9, 0.99, 1.01, 1.1, 2)
	w.done(f, fmt.Sprint(h), fmt.Sprintf("has a clock that runs at %g", rate))
	h.setRate(rate)
	return func() { h.setRate(1) }
}

// breakJump sets a clock forward.
func breakJump(w *world, f *Fault, r *rand.Rand) func() {
	h := w.victim(r, running)
	if h == nil {
		f.What = impossible
		return nil
	}
	d := between(r, time.Millisecond, 10*time.Second)
	w.done(f, fmt.Sprint(h), fmt.Sprintf("has a clock that jumps by %v", d))
	h.clock.jump(d)
	h.touch()
	return nil
}

// breakTransfer asks for another leader.
func breakTransfer(w *world, f *Fault, r *rand.Rand) func() {
	servers := w.roles(protocol.RoleServer)
	if len(servers) == 0 { // a proposer gives way only when it is stopped
		f.What = impossible
		return nil
	}
	h, to := servers[r.IntN(len(servers))], servers[r.IntN(len(servers))].peer.ID
	if r.IntN(3) == 0 {
		to = 0
	}
	if !h.up() {
		f.What = impossible
		return nil
	}
	w.done(f, fmt.Sprint(h), fmt.Sprintf("asks that %v shall lead", to))
	h.process.TransferLeadership(to)
	h.touch()
	return nil
}
