package sim

import (
	"slices"
	"time"

	"paxos/list"
	"paxos/node"
	"paxos/protocol"
)

// A list server connects to the members that its list knows, and to those that it
// was told of: by who joined it, or, if it is not in step for a while, by the
// servers that it can ask.

// toldMembers is Options.OnMembers.
func (h *host) toldMembers(members []node.Member) {
	peers := map[protocol.NodeID]bool{}
	for _, m := range members {
		peers[m.ID] = true
	}
	for _, id := range h.seedIDs {
		peers[id] = true
	}
	h.end.peers = peers
}

func (h *host) seed(m *list.Members) { h.seedIDs = protocol.IDs(m.All()) }

// seeds are the list servers that the next process is told of.
func (h *host) seeds() []protocol.NodeID { return slices.Clone(h.seedIDs) }

// seekEvery is how often a list server that is not in step asks who the members are.
const seekEvery = 2 * time.Second

// seek helps a server that was away while the members changed, as the program does.
func (w *world) seek() {
	for _, h := range w.roles(protocol.RoleServer) {
		if h.up() && h.process.Applied() < w.decided && !h.process.Removed() {
			h.seed(w.members())
			h.process.Seed(h.seeds())
			h.touch()
		}
	}
	w.later(seekEvery, w.seek)
}
