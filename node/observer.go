package node

import (
	"context"
	"fmt"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/vfs"
)

// Observer takes part in a cluster of multicast roles for a while, to look at its
// members or to change them. It is a learner that keeps nothing on the disk, and of
// the list only its sessions and members.
type Observer struct{ server *Server }

// StartObserver starts an observer. Options.Self must be a learner whose id no
// other one has; the options about stores do not count.
func StartObserver(o Options) (*Observer, error) {
	s, err := launch(observing(o))
	if err != nil {
		return nil, err
	}
	return &Observer{s}, nil
}

// observing turns the options of a learner into those of an observer.
func observing(o Options) Options {
	o.world = o.world.withDefaults()
	o.DataDir, o.Init, o.FS, o.OpenDB, o.observes = "observer", true, vfs.NewMem(o.world.random()), kv.NewMemory().Open, true
	return o
}

// Stop ends the observer.
func (o *Observer) Stop() error { return o.server.Stop() }

// Acceptors tells who votes, or learns to do so, as of now.
func (o *Observer) Acceptors(ctx context.Context) (members []Member, changing bool, err error) {
	if err := o.server.Barrier(ctx); err != nil {
		return nil, false, err
	}
	now := o.server.members()
	return told(&now), now.Changing(), nil
}

// AddAcceptor makes an acceptor a member that learns. When it runs, with an
// empty store, and is in step, it asks for its vote itself. Its id must be above
// all that were ever used.
//
// There can be so many more than at the beginning as messages have room for.
func (o *Observer) AddAcceptor(ctx context.Context, id protocol.NodeID) error {
	return o.server.change(ctx, addAcceptor(id))
}

func addAcceptor(id protocol.NodeID) wish {
	return func(m *list.Members) (c protocol.Change, done bool, err error) {
		if all := m.All(); len(all) >= len(m.First)+spareMembers && !protocol.HasMember(all, id) {
			return c, false, fmt.Errorf("%w: the messages of a cluster that began with %d acceptors have room for %d", ErrConflict, len(m.First), len(m.First)+spareMembers)
		}
		return addition(m, protocol.Member{ID: id})
	}
}

// RemoveAcceptor takes an acceptor out, and returns when it is not needed any
// more: it may be switched off then.
func (o *Observer) RemoveAcceptor(ctx context.Context, id protocol.NodeID) error {
	return o.server.RemoveMember(ctx, id)
}

// members are those of the list as it was last applied here.
func (s *Server) members() list.Members { return s.r.shown.view.Load().members }
