package node

import (
	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// List is the process's list: to be looked at between two calls, not to be changed.
func (p *Process) List() *list.State { return p.r.machine.List }

// View is Server.View: the list as it stands, which may be read while it goes on.
func (p *Process) View() list.View { return p.r.machine.List.View() }

// Chunk implements list.ChunkSource for the list's Views.
func (p *Process) Chunk(n uint64) ([]byte, error) { return p.r.store.Chunk(n) }

// Images is Server.Images.
func (p *Process) Images() storage.Images { return p.r.store.Images() }

// ImagePiece is Server.ImagePiece.
func (p *Process) ImagePiece(generation, number uint32) ([]byte, error) {
	return p.r.store.ImagePiece(generation, number)
}

// HoldImage is Server.HoldImage.
func (p *Process) HoldImage() *storage.Hold { return p.r.store.Hold() }

// BeginImage is Server.BeginImage.
func (p *Process) BeginImage() (*storage.ImageWriter, error) { return p.r.store.BeginImage() }

// Applied is the last applied instance.
func (p *Process) Applied() protocol.Instance { return p.r.machine.List.Applied() }

// Leads reports whether the process has a proposer that leads.
func (p *Process) Leads() bool { return p.r.machine.Proposer != nil && p.r.machine.Proposer.Leading() }

// Leader is whom its proposer takes for the leader, 0 if nobody.
func (p *Process) Leader() protocol.NodeID {
	if p.r.machine.Proposer == nil {
		return 0
	}
	return p.r.machine.Proposer.Leader()
}

// Ballot is its proposer's own ballot, zero while there is none.
func (p *Process) Ballot() protocol.Ballot {
	if p.r.machine.Proposer == nil {
		return protocol.Ballot{}
	}
	return p.r.machine.Proposer.Ballot()
}

// Promised is what its acceptor has promised, durable or not yet; zero without one.
func (p *Process) Promised() protocol.Ballot {
	if p.r.machine.Acceptor == nil {
		return protocol.Ballot{}
	}
	return p.r.machine.Acceptor.Promised()
}

// Trim is up to where its acceptor has forgotten its votes; 0 without one.
func (p *Process) Trim() protocol.Instance {
	if p.r.machine.Acceptor == nil {
		return 0
	}
	return p.r.machine.Acceptor.TrimPoint()
}

// Members is who takes part, as the list here says. Nobody may change the slices in it.
func (p *Process) Members() list.Members { return p.r.machine.List.Members() }

// Removed reports whether the process knows that it is no member any more.
func (p *Process) Removed() bool { return p.r.machine.removed() }

// Store is the identity of the process's store.
func (p *Process) Store() protocol.StoreID { return p.r.store.Identity().Store }
