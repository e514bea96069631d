package sim

import (
	"fmt"
	"math/rand/v2"

	"paxos/protocol"
	"paxos/storage"
)

// mayLose reports whether a machine's store may go missing, or be damaged, now or
// for good: a majority of the voters must keep theirs. While the voters change, or
// may, nothing is lost.
func (w *world) mayLose(h *host) bool {
	if h.trouble.any() || h.stranger() {
		return false
	}
	if !h.voter() {
		return true
	}
	if w.operator.busy() || w.members().Changing() || len(w.members().Learners) > 0 {
		return false
	}
	voters, bad := w.members().Voters, 0
	for _, v := range voters {
		if x := w.hostOf(v.ID); x == nil || x.storeless() {
			bad++
		}
	}
	return protocol.HasMember(voters, h.peer.ID) && bad+1 <= (len(voters)-1)/2
}

// storeless reports whether the store that this host votes by is not there, or not
// whole.
func (h *host) storeless() bool {
	return h.lost || h.gone || h.trouble.missing || h.trouble.rotten || h.stranger()
}

// stranger reports whether the host stands on another store than at first.
func (h *host) stranger() bool { return h.voter() && h.store > 0 }

// breakWipe replaces a disk by an empty one, as when it was not mounted: the process
// must not start there, or, with --init, must be found out as soon as somebody talks
// to it who knows the old store. Later the old one is put back, or not.
func breakWipe(w *world, f *Fault, r *rand.Rand) func() {
	h := w.victim(r, func(h *host) bool { return h.up() && h.formatted && w.mayLose(h) && w.known(h) })
	if h == nil {
		f.What = impossible
		return nil
	}
	bare, back := r.IntN(3) == 0, r.IntN(2) == 0 || !h.voter()
	bare = bare || !w.foundersHold(h)
	h.crash()
	shelf, shelved := h.disk, h.store
	h.disk = newDisk(r.Uint64(), w.plan.tearSectors)
	h.trouble.missing = true
	if bare {
		w.done(f, fmt.Sprint(h), "has an empty disk")
		h.trouble.bare, h.trouble.refused = true, storage.ErrNotFormatted
	} else {
		w.done(f, fmt.Sprint(h), "has an empty disk, and makes a new store")
		h.stores++
		h.store, h.formatted = h.stores-1, false
		h.newStore()
	}
	h.start()
	return func() {
		h.trouble = trouble{}
		if !bare && !back {
			if h.stopped(); !h.up() {
				h.start()
			}
			return
		}
		h.kill()
		h.disk, h.store, h.lost, h.formatted = shelf, shelved, false, true
		h.newStore()
		h.start()
	}
}

// known reports whether all others that vote have pinned the store of a voter. Before
// that a newcomer in its place may be taken for the true one, which is right.
func (w *world) known(h *host) bool {
	if !h.voter() {
		return true
	}
	for _, v := range w.members().Voters {
		if x := w.hostOf(v.ID); x != h && !x.storeless() && x.pins[h.peer.ID] != h.process.Store() {
			return false
		}
	}
	return true
}

// foundersHold reports whether a host may begin anew. A new store begins with the
// members that the cluster began with: a majority of those on new stores would be a
// cluster of its own, whoever the members are by now.
func (w *world) foundersHold(h *host) bool {
	if !h.voter() {
		return true
	}
	anew := 1
	for _, x := range w.hosts {
		if x != h && x.founder && !x.gone && x.stranger() {
			anew++
		}
	}
	return !h.founder || anew <= (len(w.founders)-1)/2
}

// newStore forgets what the host knows of its store.
func (h *host) newStore() {
	h.fed, h.pins = 0, nil
}

// stopped sees whether a stranger was found out: then its machine is lost, unless
// the old store is put back.
func (h *host) stopped() {
	if h.ended != nil && !h.up() && h.stores > 1 {
		h.lost = true
	}
}

// breakSwap gives two machines each other's disks, or one of them a disk of another
// cluster: both refuse to start, and are put right later.
func breakSwap(w *world, f *Fault, r *rand.Rand) func() {
	h := w.victim(r, func(h *host) bool { return h.up() && w.mayLose(h) })
	if h == nil {
		f.What = impossible
		return nil
	}
	h.crash()
	h.trouble = trouble{missing: true, refused: storage.ErrForeign}
	other := w.victim(r, func(x *host) bool { return x.up() && x.formatted && w.mayLose(x) })
	if other == nil || r.IntN(2) == 0 {
		own := h.disk
		h.disk = w.foreign(r)
		w.done(f, fmt.Sprint(h), "has a disk of another cluster")
		h.start()
		return func() {
			h.disk = own
			h.mended()
		}
	}
	other.crash()
	other.trouble = trouble{missing: true, refused: storage.ErrForeign}
	w.done(f, fmt.Sprintf("%v %v", h, other), "have each other's disks")
	h.disk, other.disk = other.disk, h.disk
	h.start()
	other.start()
	return func() {
		h.disk, other.disk = other.disk, h.disk
		h.mended()
		other.mended()
	}
}

// foreign makes a disk with somebody else's store.
func (w *world) foreign(r *rand.Rand) *disk {
	d := newDisk(r.Uint64(), false)
	s, _, err := storage.Open(storage.Options{
		Dir: dataDir, Init: true, FS: d.files, OpenDB: d.bases.Open, SegmentBytes: w.plan.segmentBytes,
		Want:        storage.Identity{Cluster: w.plan.cluster + 2, Role: protocol.RoleServer, ID: 1},
		RandomStore: func() protocol.StoreID { return protocol.StoreID(r.Uint64() | 1) },
	})
	if err == nil {
		err = s.Close(nil)
	}
	if err != nil {
		w.fail("store", "a new store cannot be made: %v", err)
	}
	return d
}
