package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"golang.org/x/sys/unix"

	"paxos/storage/kv"
	"paxos/vfs"
)

// untroubled is a running process whose disk and store are in order.
func untroubled(h *host) bool { return h.up() && !h.trouble.any() }

// breakWrite lets one of the next operations that change the disk fail, or a
// transaction of the database.
func breakWrite(w *world, f *Fault, r *rand.Rand) func() {
	const changes = vfs.OpWrite | vfs.OpCreate | vfs.OpTruncate | vfs.OpRemove | vfs.OpRename
	failure := fmt.Errorf("%w: %w", errBroken, unix.EIO)
	return breakOperation(w, f, r, func(h *host) string {
		if n := 1 + r.IntN(3); r.IntN(3) == 0 {
			h.disk.bases.Arm(kv.Fault{Kinds: pick(r, kv.OpPut, kv.OpCommit, kv.OpAfter), N: n, Err: failure})
			return fmt.Sprintf("cannot write its database, the %d. time", n)
		}
		n := 1 + r.IntN(1<<r.IntN(7))
		h.disk.files.Arm(vfs.Fault{Kinds: pick(r, vfs.OpWrite, changes), N: n, Short: r.IntN(2) == 0, Err: failure})
		return fmt.Sprintf("cannot write, the %d. time", n)
	})
}

// breakSync lets one of the next syncs fail. What was not synced then is taken for
// written by the operating system, and is not on the disk.
func breakSync(w *world, f *Fault, r *rand.Rand) func() {
	failure := fmt.Errorf("%w: %w", errSync, unix.EIO)
	return breakOperation(w, f, r, func(h *host) string {
		n := 1 + r.IntN(1<<r.IntN(7))
		h.disk.files.Arm(vfs.Fault{Kinds: pick(r, vfs.OpSync, vfs.OpSync, vfs.OpSync|vfs.OpSyncDir), N: n, Err: failure})
		return fmt.Sprintf("cannot sync, the %d. time", n)
	})
}

// breakOperation lets an operation fail that arm chooses, and says.
func breakOperation(w *world, f *Fault, r *rand.Rand, arm func(h *host) string) func() {
	h := w.victim(r, untroubled)
	if h == nil {
		f.What = impossible
		return nil
	}
	h.trouble.fails = true
	w.done(f, fmt.Sprint(h), arm(h))
	return h.mended
}

// mended takes a machine's trouble away, and starts it if it is down.
func (h *host) mended() {
	h.disk.mend()
	h.met = h.trouble.rotten && h.up()
	h.trouble = trouble{}
	h.start()
}

// breakFull fills a disk: nearly, so that a list server refuses commands, or quite.
func breakFull(w *world, f *Fault, r *rand.Rand) func() {
	h := w.victim(r, untroubled)
	if h == nil {
		f.What = impossible
		return nil
	}
	if w.network.streams && r.IntN(2) == 0 {
		h.trouble.low = true
		w.done(f, fmt.Sprint(h), "has little room on its disk")
		return h.mended
	}
	h.trouble.full = true
	full := errors.Join(unix.ENOSPC)
	h.disk.files.Arm(vfs.Fault{Kinds: vfs.OpWrite | vfs.OpCreate, N: 1, Forever: true, Short: r.IntN(2) == 0, Err: full})
	h.disk.bases.Arm(kv.Fault{Kinds: kv.OpPut | kv.OpCommit, N: 1, Err: full})
	w.done(f, fmt.Sprint(h), "has no room on its disk")
	return h.mended
}
