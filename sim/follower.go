package sim

import (
	"context"
	"errors"
	"iter"

	"paxos/engine"
	"paxos/list"
	"paxos/storage"
)

// follower hands a process's list to its state machine, as an engine's node does, and
// keeps the machine's images: with the engine's own code. That is written for a
// goroutine of its own, beside the loop; here it is a coroutine, which goes on until its
// next pause when the world says so. There is a pause before whatever it does to the
// store, and in the midst of what the machine does. So anything can come in between: a
// checkpoint, a peer's image, the end of the process.
type follower struct {
	h       *host
	machine ledger
	engine  *engine.Follower
	ctx     context.Context // ends when the process is stopped
	cancel  context.CancelFunc
	next    func() (struct{}, bool)
	cut     func() // ends the coroutine where it is
	yield   func(struct{}) bool
	idle    bool // nothing is left to do
	doing   doing
	err     error // why it ended by itself
}

// doing is what a follower, or the end of its process, may be in the midst of.
type doing string

const (
	reading   doing = "" // the list
	writing   doing = "writing"
	restoring doing = "restoring"
	fetching  doing = "fetching"
)

// beginImages begins with the state machine of a process that was opened.
func (h *host) beginImages() {
	plan := &h.w.plan.images
	if !plan.on || h.observer {
		return
	}
	f := &follower{h: h}
	f.machine.f = f
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.engine = engine.Follow(followed{h.process, f}, engine.FollowerOptions{Machine: &f.machine, SnapshotBytes: plan.every, PieceBytes: plan.piece})
	f.next, f.cut = iter.Pull(f.run)
	h.follower, h.fetching = f, imageFetch{}
	h.w.judge.findsImages(h)
}

// errCut unwinds a coroutine whose process has ended.
var errCut = errors.New("the process has ended")

// run is the coroutine.
func (f *follower) run(yield func(struct{}) bool) {
	defer func() {
		if p := recover(); p != nil && p != errCut {
			panic(p)
		}
	}()
	for f.yield = yield; ; f.pause() {
		f.idle = false
		if f.err = f.engine.CatchUp(f.ctx); f.err != nil {
			return
		}
		f.idle, f.doing = true, reading
	}
}

// pause is where the coroutine waits for the world to let it go on.
func (f *follower) pause() {
	if !f.yield(struct{}{}) {
		panic(errCut)
	}
}

// step lets it go on to its next pause. An error is the process's end, as the engine
// ends its node.
func (f *follower) step() error {
	if _, more := f.next(); !more {
		return f.h.process.Fail(f.err)
	}
	f.h.w.judge.machineStands(f.h)
	f.h.w.work.answered(f.h)
	return nil
}

// wants reports whether there is something to do: entries to apply, or an image to go
// on from.
func (f *follower) wants() bool {
	if !f.idle {
		return true
	}
	at, images := f.engine.Next(), f.h.process.Images()
	return at < f.h.process.List().Length() || at < images.Kept*chunkEntries || at == 0 && images.Newest.Index > 0
}

// finish is a clean stop: what is under way is given up in good order.
func (f *follower) finish() {
	if f == nil || f.idle {
		return
	}
	f.cancel()
	for more := true; more && !f.idle; {
		_, more = f.next()
	}
	if f.err != nil && !errors.Is(f.err, engine.ErrStopped) {
		_ = f.h.process.Fail(f.err) // Stop says it
	}
}

// abandon ends the coroutine wherever it is, without another word to the store.
func (f *follower) abandon() {
	if f != nil {
		f.cancel()
		f.cut()
	}
}

// abandon leaves no coroutine behind at the end of a run.
func (w *world) abandon() {
	for _, h := range w.hosts {
		h.follower.abandon()
	}
}

// restores notes that the machine begins to read an image.
func (f *follower) restores() {
	w := f.h.w
	w.count("images restored", 1)
	if f.doing == restoring {
		w.count("images replaced while restored", 1)
	}
	f.doing = restoring
}

// followed is the node as the follower sees it, with pauses.
type followed struct {
	*process
	f *follower
}

// View implements list.View's source for the engine.
func (p followed) View() list.View {
	p.f.doing = reading
	return p.process.View()
}

// Chunk implements list.ChunkSource.
func (p followed) Chunk(n uint64) ([]byte, error) {
	p.f.pause()
	return p.process.Chunk(n)
}

// ImagePiece reads a piece of an image.
func (p followed) ImagePiece(generation, number uint32) ([]byte, error) {
	p.f.pause()
	return p.process.ImagePiece(generation, number)
}

// BeginImage begins to write an image.
func (p followed) BeginImage() (*storage.ImageWriter, error) {
	p.f.doing = writing
	return p.process.BeginImage()
}
