package wal

import (
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"paxos/vfs"
)

// world is a log under random attack, beside its twin.
type world struct {
	twin
	mem  *vfs.Mem
	fsys *vfs.Faulty
	log  *Log
}

// start opens the log, in the face of an armed fault too, and compares.
func (w *world) start(rt *rapid.T) {
	w.fsys = vfs.NewFaulty(w.mem, vfs.Fault{})
	if n := rapid.IntRange(0, 40).Draw(rt, "fault in Open"); n > 0 && n <= 12 {
		w.fsys.Arm(vfs.Fault{N: n, Err: unix.EIO, Short: n%2 == 0})
	}
	for {
		o := options(w.fsys)
		o.SegmentBytes = MinSegmentBytes
		o.KeepRecycled = 2
		l, records, _, err := tryOpen(o, w.from)
		if err == nil {
			w.accept(rt, records)
			w.log = l
			w.fsys.Arm(vfs.Fault{})
			return
		}
		if w.fsys.Fired() == 0 {
			rt.Fatal("open: ", err)
		}
		w.die(rt)
		w.fsys = vfs.NewFaulty(w.mem, vfs.Fault{})
	}
}

// die ends the process, in one of the ways in which one ends.
func (w *world) die(rt *rapid.T) {
	if w.fsys.Fired() > 0 && rapid.Bool().Draw(rt, "writeback failed") {
		w.mem.FailWriteback()
	}
	if rapid.Bool().Draw(rt, "power failure") {
		w.mem = w.mem.Crash()
		return
	}
	w.mem.Kill()
}

// after goes on, or begins a new life if err is the fault that was armed.
func (w *world) after(rt *rapid.T, err error) {
	if err == nil {
		return
	}
	if w.fsys.Fired() == 0 {
		rt.Fatal(err)
	}
	w.die(rt)
	w.start(rt)
}

func (w *world) step(rt *rapid.T) {
	switch rapid.SampledFrom([]string{
		"commit", "commit", "commit", "commit", "prepare", "checkpoint", "close", "die", "arm",
	}).Draw(rt, "step") {
	case "commit":
		records := rapid.IntRange(1, 4).Draw(rt, "records")
		_, err := w.commit(w.log, w.next(records, rapid.IntRange(0, 200).Draw(rt, "bytes")))
		w.after(rt, err)
	case "prepare":
		w.after(rt, w.log.Prepare())
	case "checkpoint":
		if end := w.log.End(); !end.IsZero() {
			w.checkpoint(end)
			w.after(rt, w.log.DropBefore(end))
		}
	case "close":
		if err := w.log.Close(); err != nil {
			w.after(rt, err)
			return
		}
		w.start(rt)
	case "die":
		w.die(rt)
		w.start(rt)
	case "arm":
		w.fsys.Arm(vfs.Fault{N: rapid.IntRange(1, 8).Draw(rt, "n"), Err: unix.EIO, Short: rapid.Bool().Draw(rt, "short")})
	}
}

// Whatever happens in whatever order: what was acknowledged is there after every
// restart, in order, and nothing that was never committed.
func TestTheLogIsItsTwin(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{mem: vfs.NewMem(rapid.Uint64().Draw(rt, "seed"))}
		w.mem.TearSectors(rapid.Bool().Draw(rt, "tear sectors"))
		w.start(rt)
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			w.step(rt)
		}
		w.die(rt)
		w.start(rt)
	})
}
