package sim

import (
	"fmt"

	"paxos/protocol"
)

// imageFetch is what a process asks its peers for of an image. It is for counting only:
// the judge looks at what comes of it.
type imageFetch struct {
	under bool // pieces are on their way
	asked map[asked]bool
}

// asked is a part of a piece that was asked for.
type asked struct {
	number uint64
	offset uint32
}

// imageBit marks the numbers of pieces of images.
const imageBit = 1 << 63

// fetches notes what a process asks for, and answers, of images.
func (h *host) fetches(s protocol.Send) {
	switch m := s.Msg.(type) {
	case *protocol.Fetch:
		if m.Kind == protocol.BlobChunk && m.Number&imageBit != 0 {
			h.fetchesPiece(asked{m.Number, m.Offset})
		} else if m.Kind == protocol.BlobHead && m.Number == 0 && h.fetching.under {
			h.fetching.under = false
			h.w.count("image transfers given up", 1)
		}
	case *protocol.Piece:
		if m.Kind == protocol.BlobChunk && m.Number&imageBit != 0 {
			h.w.count("image pieces sent", 1)
		}
	}
}

func (h *host) fetchesPiece(a asked) {
	f := &h.fetching
	if !f.under {
		*f = imageFetch{under: true, asked: map[asked]bool{}}
		h.w.count("image transfers", 1)
	}
	if f.asked[a] {
		h.w.count("image pieces asked for again", 1)
	}
	f.asked[a] = true
}

// cutShort counts what the end of a process cuts short.
func (h *host) cutShort(how string) {
	if h.follower == nil {
		return
	}
	if what := h.midst(); what != reading {
		h.w.count(fmt.Sprintf("%s while %s an image", how, what), 1)
	}
}

// midst is what a process with a state machine is in the midst of.
func (h *host) midst() doing {
	if h.follower.doing == reading && h.fetching.under {
		return fetching
	}
	return h.follower.doing
}
