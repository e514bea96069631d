package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"

	"paxos/protocol"
	"paxos/storage"
	"paxos/storage/kv"
	"paxos/wal"
)

// breakLog flips a bit in a log while its process is down. If anything was committed
// behind it the store must be refused, with the file's name. In the last batch it
// may be taken for a torn one. Anywhere else it must change nothing.
func breakLog(w *world, f *Fault, r *rand.Rand) func() {
	h := w.victim(r, func(h *host) bool { return h.up() && h.formatted && w.mayLose(h) })
	if h == nil {
		f.What = impossible
		return nil
	}
	clean := h.quiesce(r.IntN(2) == 0)
	frames := w.frames(h)
	if len(frames) == 0 {
		f.What = impossible
		h.start()
		return nil
	}
	good, at := h.disk.crashed(), r.IntN(len(frames))
	if r.IntN(2) == 0 { // near the end: what lies before the checkpoint is not read
		at = len(frames) - 1 - r.IntN(min(len(frames), 16))
	}
	file := w.flip(h.disk, frames[at], r)
	w.done(f, fmt.Sprint(h), fmt.Sprintf("has a flipped bit in %s, in a %v at %d", filepath.Base(file), frames[at].Kind, frames[at].At.Offset))
	switch verdict := w.damaged(h, good, file); {
	case verdict == nil:
		w.count("bit rot that harms nothing", 1)
		h.start()
		return nil
	case errors.Is(verdict, storage.ErrCorrupt):
		h.trouble = trouble{rotten: true, refused: storage.ErrCorrupt}
	case clean || behind(frames[at:]) > 1:
		w.fail("bit rot", "%v: %s, and the store is opened without it: %v", h, f.What, verdict)
	default:
		w.count("bit rot in the last batch", 1)
		h.disk = good
		h.start()
		return nil
	}
	h.start()
	return func() {
		h.disk = good
		h.mended()
	}
}

// quiesce takes a process down, cleanly if it shall and can, and leaves nothing on
// its disk that is not durable.
func (h *host) quiesce(shall bool) (clean bool) {
	if shall {
		clean = h.stop()
	} else {
		h.crash()
	}
	h.disk = h.disk.crashed()
	return clean
}

// behind counts the batches that end in the given frames.
func behind(frames []wal.Found) (batches int) {
	for _, x := range frames {
		if x.Kind == wal.KindCommit || x.Kind == wal.KindClose {
			batches++
		}
	}
	return batches
}

// frames are the records and markers of a log.
func (w *world) frames(h *host) (frames []wal.Found) {
	err := wal.Inspect(wal.Options{FS: h.disk.mem, Dir: filepath.Join(dataDir, "log")}, wal.Position{}, func(x wal.Found) error {
		if x.Kind != wal.KindUnused && x.Kind != wal.KindDamaged {
			x.Payload = nil
			frames = append(frames, x)
		}
		return nil
	})
	if err != nil {
		w.fail("store", "the log of %v cannot be inspected: %v", h, err)
	}
	return frames
}

// flip flips one bit of a frame, and returns the file's name.
func (w *world) flip(d *disk, frame wal.Found, r *rand.Rand) string {
	path := filepath.Join(dataDir, "log", fmt.Sprintf("%016x.wal", frame.At.Segment))
	file, err := d.mem.Open(path)
	if err != nil {
		w.fail("store", "%v", err)
	}
	at := frame.At.Offset + r.Int64N(frame.Bytes)
	var b [1]byte
	_, err = file.ReadAt(b[:], at)
	b[0] ^= 1 << r.IntN(8)
	_, write := file.WriteAt(b[:], at)
	if err := errors.Join(err, write, file.Sync(), file.Close()); err != nil {
		w.fail("store", "flip a bit in %s: %v", path, err)
	}
	return path
}

// damaged compares what is found on a damaged disk with what was on it: nil if that
// is the same, an error of the class storage.ErrCorrupt if it is refused.
func (w *world) damaged(h *host, good *disk, file string) error {
	before, err := w.look(h, good)
	if err != nil {
		w.fail("store", "the store of %v is refused, and nothing was done to it: %v", h, err)
	}
	after, err := w.look(h, h.disk)
	switch {
	case errors.Is(err, storage.ErrCorrupt) && !strings.Contains(err.Error(), filepath.Base(file)):
		w.fail("bit rot", "%v refuses its store for damage in %s, but does not name it: %v", h, file, err)
	case err == nil && !reflect.DeepEqual(before, after):
		return fmt.Errorf("promise %v, %d votes, round %d instead of promise %v, %d votes, round %d",
			after.Promised, len(after.Votes), after.Round, before.Promised, len(before.Votes), before.Round)
	}
	return err
}

// look opens a copy of a disk, and says what is durable on it.
func (w *world) look(h *host, d *disk) (storage.Restored, error) {
	d = d.crashed()
	s, r, err := storage.Open(storage.Options{
		Dir: dataDir, FS: d.files, OpenDB: d.bases.Open, SegmentBytes: w.plan.segmentBytes,
		Want: storage.Identity{Cluster: w.plan.cluster, Role: h.peer.Role, ID: h.peer.ID},
	})
	if err == nil {
		err = s.Close(nil)
	}
	r.Log = wal.Report{} // how much was read differs
	return r, err
}

// breakDatabase flips a bit of a value behind the database's port. The process must
// refuse to start, or, if it is a chunk of the list or a piece of an image, must stop
// when it reads it.
func breakDatabase(w *world, f *Fault, r *rand.Rand) func() {
	h := w.victim(r, func(h *host) bool { return h.up() && h.formatted && w.mayLose(h) })
	if h == nil {
		f.What = impossible
		return nil
	}
	h.quiesce(r.IntN(2) == 0)
	x := w.entry(h, r)
	var good, bad []byte
	w.damage(h, x, func(value []byte) []byte {
		good = value
		bad = append([]byte(nil), value...)
		bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		return bad
	})
	h.trouble.rotten = true
	if x.bucket != "chunks" && x.bucket != "images" {
		h.trouble.refused = storage.ErrCorrupt
	}
	w.done(f, fmt.Sprint(h), fmt.Sprintf("has a flipped bit in its database, in %s %x", x.bucket, x.key))
	h.start()
	return func() {
		w.damage(h, x, func(value []byte) []byte {
			if string(value) == string(bad) {
				return good
			}
			return value
		})
		h.mended()
	}
}

// place is a key of a database.
type place struct {
	bucket kv.Bucket
	key    []byte
}

const databasePath = dataDir + "/checkpoint.db"

func (w *world) damage(h *host, x place, change func([]byte) []byte) {
	h.disk.db.Damage(databasePath, x.bucket, x.key, change)
}

// entry chooses a key of a host's database: half of the time a chunk or a piece of an
// image, if there is one.
func (w *world) entry(h *host, r *rand.Rand) place {
	var chunks, others []place
	db, err := h.disk.db.Open(databasePath, false)
	if err != nil {
		w.fail("store", "%v", err)
	}
	defer db.Close()
	for _, bucket := range []kv.Bucket{"meta", "votes", "chunks", "images"} {
		err = errors.Join(err, db.View(func(tx kv.Tx) error {
			return tx.Each(bucket, nil, func(key, _ []byte) error {
				x := place{bucket, append([]byte(nil), key...)}
				if bucket == "chunks" || bucket == "images" {
					chunks = append(chunks, x)
				} else {
					others = append(others, x)
				}
				return nil
			})
		}))
	}
	if err != nil || len(others) == 0 {
		w.fail("store", "the database of %v cannot be read, %d entries: %v", h, len(others), err)
	}
	if len(chunks) > 0 && r.IntN(2) == 0 {
		return chunks[r.IntN(len(chunks))]
	}
	return others[r.IntN(len(others))]
}

// pinned notes which store the host takes for an acceptor's.
func (h *host) pinned(p protocol.Pin) {
	if h.pins == nil {
		h.pins = map[protocol.NodeID]protocol.StoreID{}
	}
	if _, known := h.pins[p.Acceptor]; !known {
		h.pins[p.Acceptor] = p.Store
	}
}
