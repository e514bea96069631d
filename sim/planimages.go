package sim

import (
	"math/rand/v2"
	"time"

	"paxos/node"
)

// imagePlan is what is drawn for a run whose servers have a state machine that keeps
// images (ShapeImages). Everything is small here so that it happens often: images are
// written, their front of the list is dropped, and who was away needs one.
type imagePlan struct {
	on          bool
	every       int64         // bytes of commands between two images, at least
	state       int           // bytes of the machine's state, about
	piece       int           // bytes of a piece of an image
	transaction int           // bytes of pieces in one transaction
	window      int           // bytes that are fetched at once, of an image and of chunks
	cache       int           // bytes of decisions that are kept for peers beside the list
	batch       int           // commands given at once, at most: chunks must fill up
	pace        time.Duration // of the machine: before it goes on, at best
}

// drawImages draws it, and makes commands short: the list must grow by many of them.
func (p *plan) drawImages(r *rand.Rand) {
	p.images = imagePlan{
		on: true, every: int64(pick(r, 1<<10, 8<<10, 24<<10)), state: pick(r, 0, 300, 3000, 12_000, 12_000),
		transaction: pick(r, 300, 3000, 1<<20), window: pick(r, 500, 2000, 1<<20), cache: pick(r, 4<<10, 64<<10, 2<<20), batch: pick(r, 100, 200, 400),
		pace: between(r, 20*time.Microsecond, 100*time.Millisecond),
	}
	p.images.piece = max(p.images.state/pick(r, 1, 4, 20), 100)
	p.payloadMin = 1
	p.payloadMax = pick(r, 1, 12, 30)
	p.think = min(p.think, 100*time.Millisecond)
}

// budgets are small, so that transfers take their time and the list alone does not do.
func (p *imagePlan) budgets() node.Budgets {
	return node.Budgets{Fetch: p.window, Cache: p.cache}
}
