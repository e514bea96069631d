package engine

import (
	"context"

	"github.com/hashicorp/go-hclog"

	"paxos/list"
	"paxos/storage"
)

// followed is what a reader needs of a node: of the list, and of the store.
type followed interface {
	list.ChunkSource
	View() list.View
	Images() storage.Images
	ImagePiece(generation, number uint32) ([]byte, error)
	BeginImage() (*storage.ImageWriter, error)
}

// Follower is the half of an Engine that hands the list to the Machine and keeps its
// images, without the goroutine around it. It is for who drives a node.Process, as the
// simulator does: an Engine has one already. Not for concurrent use.
type Follower struct{ r *reader }

// FollowerOptions say how a Follower works.
type FollowerOptions struct {
	Machine Machine
	// SnapshotBytes is Options.SnapshotBytes, without a default.
	SnapshotBytes int64
	// PieceBytes is how long a piece of an image is, 1 to list.MaxRawPiece bytes.
	PieceBytes int
}

// Follow makes a Follower of a node (node.Process, or something in front of one) that
// has applied nothing yet.
func Follow(node followed, o FollowerOptions) *Follower {
	r := follow(o.Machine, o.SnapshotBytes, o.PieceBytes, hclog.NewNullLogger())
	r.node = node
	return &Follower{r}
}

// CatchUp has the machine restored where the list does not reach back, applies all
// that the list has by now, and writes an image whenever one is due. After an error it
// must not be called again, and the process must end: with ErrStopped because ctx has
// ended, otherwise for that reason (rule 9).
func (f *Follower) CatchUp(ctx context.Context) error { return f.r.catchUp(ctx) }

// Next is the index of the list's entry that the machine applies next.
func (f *Follower) Next() uint64 { return f.r.next.Load() }
