package node

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"paxos/list"
	"paxos/protocol"
)

// firstMembers is what the list of a new store begins with.
func firstMembers(o Options) list.Members {
	var voters []protocol.Member
	for _, id := range o.Quorum.Members() {
		m := protocol.Member{ID: id}
		for _, named := range o.Members {
			if named.ID == id {
				m.Address = named.Address
			}
		}
		voters = append(voters, m)
	}
	return list.FirstMembers(voters)
}

// configure tells the cores who takes part, as the list says by now (rule 13). A
// list that does not know leaves the cores with what they were made with.
func (m *Machine) configure(now protocol.Time) {
	members := m.List.Members()
	if len(members.Voters) == 0 {
		return
	}
	told, err := members.Membership()
	if err != nil {
		panic(fmt.Sprintf("node: rule 13: the list has impossible members: %v", err))
	}
	m.Learner.Configure(told)
	m.Learner.SetPeers(m.peers(&members))
	if m.Acceptor != nil {
		m.Acceptor.Configure(members.All(), members.Next)
	}
	m.dropPins(&members)
	if m.Proposer != nil {
		m.Proposer.Configure(now, told)
	}
	m.newMembers = true
}

// dropPins forgets the stores of those who were removed: their ids are never used
// again. One that the list here does not know yet keeps its pin: it may be a
// voter by now (rule 10).
func (m *Machine) dropPins(members *list.Members) {
	if members.Changing() {
		return
	}
	all, own := members.All(), protocol.NodeID(0) // pins are of those who vote: proposer 1 is not acceptor 1
	if m.Acceptor != nil {
		own = m.self.ID
	}
	m.Pins.Drop(func(id protocol.NodeID) bool {
		return id < members.Next && id != own && !protocol.HasMember(all, id)
	})
}

// peers are those that a learner can ask: everybody who keeps the list and
// answers.
func (m *Machine) peers(members *list.Members) (peers []protocol.Peer) {
	role := protocol.RoleAcceptor
	if m.self.Role == protocol.RoleServer {
		role = protocol.RoleServer
	}
	ids := append(protocol.IDs(members.All()), m.Seeds...)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if p := (protocol.Peer{Role: role, ID: id}); p != m.self.Peer {
			peers = append(peers, p)
		}
	}
	return peers
}

// seed names servers to ask beside the members that the own list knows.
func (m *Machine) seed(ids []protocol.NodeID) {
	m.Seeds = ids
	members := m.List.Members()
	m.Learner.SetPeers(m.peers(&members))
}

// Seed names servers to ask beside the members that the own list knows: that is
// old where this server was away while they changed. Options.OnMembers is told
// again, so that the transport reaches them.
func (s *Server) Seed(ids []protocol.NodeID) { s.r.askSeed(ids) }

func (r *runner) askSeed(ids []protocol.NodeID) {
	r.box.ask(func(protocol.Time) {
		r.machine.seed(ids)
		r.machine.newMembers = true
	})
}

// TakeMembers returns the members if they have changed since the last call.
func (m *Machine) TakeMembers() (members list.Members, changed bool) {
	changed, m.newMembers = m.newMembers, false
	return m.List.Members(), changed
}

// wantsCheckpoint reports whether a change of the voters waits for this
// process's checkpoint: it is settled when a majority of the new voters has in
// theirs what the old ones decided.
func (m *Machine) wantsCheckpoint() bool {
	members := m.List.Members()
	return m.Acceptor != nil && members.Changing() &&
		m.List.Applied()+1 >= members.From && m.Acceptor.TrimPoint()+1 < members.From
}

// removed reports whether this list server or acceptor is no member any more.
// One that joins does not know yet that it is a member.
func (m *Machine) removed() bool {
	if m.dismissed {
		return true
	}
	members := m.List.Members()
	return m.Acceptor != nil && m.self.ID < members.Next && !protocol.HasMember(members.All(), m.self.ID)
}

// promoteSelf asks for a vote when this process, a learner so far, is in step.
// Only now it is of use: a voter that lags could not stand in for another one.
func (m *Machine) promoteSelf(now protocol.Time) {
	if m.Acceptor == nil || m.inStep == 0 || now.Sub(m.inStep) > inStepWithin || now < m.promoteAt {
		return
	}
	if members := m.List.Members(); protocol.HasMember(members.Learners, m.self.ID) && !members.Changing() {
		m.promoteAt = now.Add(promoteEvery)
		m.out.Send(protocol.GroupProposers, &protocol.Reconfigure{Change: promotion(&members, m.self.ID)})
	}
}

const (
	// inStepWithin is how fresh a leader's word must be that nothing is missing here.
	inStepWithin = time.Second
	// promoteEvery is the time between two requests for a vote.
	promoteEvery = 200 * time.Millisecond
)

// promotion is the change that makes a learner a voter.
func promotion(members *list.Members, id protocol.NodeID) protocol.Change {
	c := protocol.Change{Epoch: members.Epoch, Voters: slices.Clone(members.Voters), Next: members.Next}
	for _, x := range members.Learners {
		if x.ID == id {
			c.Voters = append(c.Voters, x)
		} else {
			c.Learners = append(c.Learners, x)
		}
	}
	slices.SortFunc(c.Voters, func(a, b protocol.Member) int { return cmp.Compare(a.ID, b.ID) })
	return c
}

// addition is the change that makes a process a learner; done if it is a member.
func addition(members *list.Members, x protocol.Member) (c protocol.Change, done bool, err error) {
	switch {
	case protocol.HasMember(members.All(), x.ID):
		return c, true, nil
	case x.ID < members.Next:
		return c, false, fmt.Errorf("%w: ids are given in ascending order, each once, and the next is %d: what a former member promised is forgotten", ErrConflict, members.Next)
	case x.ID-members.Next > maxIDGap:
		return c, false, fmt.Errorf("%w: %d is far above the ids in use; the next one is %d", ErrConflict, x.ID, members.Next)
	case len(members.All()) >= protocol.MaxAcceptors:
		return c, false, fmt.Errorf("%w: %d members are the most", ErrConflict, protocol.MaxAcceptors)
	}
	return protocol.Change{
		Epoch: members.Epoch, Voters: members.Voters, Next: x.ID + 1,
		Learners: append(slices.Clone(members.Learners), x),
	}, false, nil
}

// maxIDGap bounds the ids that an addition may leave unused: there is no way back.
const maxIDGap = 1000

// removal is the change that takes a member out; done when it is not needed any more.
func removal(members *list.Members, id protocol.NodeID) (c protocol.Change, done bool, err error) {
	switch {
	case !id.Valid() || id >= members.Next:
		return c, false, fmt.Errorf("%w: there never was a member %d", ErrConflict, id)
	case !protocol.HasMember(members.All(), id):
		return c, true, nil
	case len(members.Voters) == 1 && members.Voters[0].ID == id:
		return c, false, fmt.Errorf("%w: %d is the last that votes", ErrConflict, id)
	}
	others := func(list []protocol.Member) []protocol.Member {
		return slices.DeleteFunc(slices.Clone(list), func(x protocol.Member) bool { return x.ID == id })
	}
	return protocol.Change{Epoch: members.Epoch, Voters: others(members.Voters), Learners: others(members.Learners), Next: members.Next}, false, nil
}

// wish names the next change to propose on the way to what is wished, or says
// that all is so already.
type wish func(*list.Members) (c protocol.Change, done bool, err error)

// change is a membership change that the front desk asks for.
type change struct {
	call  *call
	want  wish
	asked bool
}

// reconfigure takes a wish. want is asked again whenever the members are others.
func (d *desk) reconfigure(now protocol.Time, want wish, c *call) {
	d.changes = append(d.changes, &change{call: c, want: want})
	d.others++
	d.askChanges(now)
}

// askChanges proposes what is wished, and answers those whose wish has come true.
func (d *desk) askChanges(now protocol.Time) {
	members := d.list.Members()
	d.changes = slices.DeleteFunc(d.changes, func(x *change) bool {
		c, done, err := x.want(&members)
		if err == nil && !done {
			if malformed := c.Check(); malformed != nil {
				err = fmt.Errorf("%w: %w", ErrConflict, malformed)
			}
		}
		switch {
		case !x.call.wanted():
		case err != nil && x.asked:
			d.finish(x.call, fmt.Errorf("%w: %w", ErrUnknown, err))
		case done || err != nil:
			d.finish(x.call, err)
		default:
			if !members.Changing() && x.call.begin() {
				x.asked = true
				d.out.Send(protocol.GroupProposers, &protocol.Reconfigure{Change: c})
			}
			d.arm(now)
			return false
		}
		d.others--
		return true
	})
}

// change waits until a wish has come true.
func (s *Server) change(ctx context.Context, want wish) error {
	_, err := s.wait(ctx, s.r.askChange(want))
	return err
}

// AddMember makes the server at an address a member that learns, and returns
// when that is decided. When that server runs and is in step it asks for its vote
// itself. To add a member again changes nothing.
func (s *Server) AddMember(ctx context.Context, address string) error {
	return s.change(ctx, addServer(address))
}

func addServer(address string) wish {
	return func(m *list.Members) (c protocol.Change, done bool, err error) {
		if slices.ContainsFunc(m.All(), func(x protocol.Member) bool { return x.Address == address }) {
			return c, true, nil
		}
		return addition(m, protocol.Member{ID: m.Next, Address: address})
	}
}

// RemoveMember takes a server out of the cluster, and returns when it is not
// needed any more: it may be switched off then. To remove it again changes nothing.
func (s *Server) RemoveMember(ctx context.Context, id protocol.NodeID) error {
	return s.change(ctx, removeMember(id))
}

func removeMember(id protocol.NodeID) wish {
	return func(m *list.Members) (protocol.Change, bool, error) { return removal(m, id) }
}

// ReplaceMember adds the server at an address, waits until it votes, and then
// removes another. If ctx ends before, what is done stays; to call it again goes on.
func (s *Server) ReplaceMember(ctx context.Context, id protocol.NodeID, address string) error {
	if err := s.AddMember(ctx, address); err != nil {
		return err
	}
	for !s.votes(address) {
		select {
		case <-s.Changed():
		case <-time.After(promoteEvery):
		case <-ctx.Done():
			return fmt.Errorf("%w: server %s has not got its vote yet: %w", ErrUnknown, address, context.Cause(ctx))
		case <-s.ended:
			return ErrStopped
		}
	}
	return s.RemoveMember(ctx, id)
}

func (s *Server) votes(address string) bool {
	return slices.ContainsFunc(s.Status().Members, func(m Member) bool { return m.Address == address && m.Voter })
}

// Dismiss tells the server what a member of the cluster has said of now: that it
// was removed. It may never learn so from the list, as nobody talks to it any more.
func (s *Server) Dismiss() {
	s.r.box.ask(func(protocol.Time) { s.r.machine.dismissed, s.r.machine.newMembers = true, true })
}

// told are the members as Status and Options.OnMembers tell them.
func told(members *list.Members) (all []Member) {
	for _, x := range members.All() {
		learns := protocol.HasMember(members.Learners, x.ID)
		all = append(all, Member{ID: x.ID, Address: x.Address, Voter: !learns})
	}
	slices.SortFunc(all, func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// tellMembers passes a change of the members on to who keeps the connections.
func (r *runner) tellMembers() {
	members, changed := r.machine.TakeMembers()
	if !changed {
		return
	}
	all := told(&members)
	if r.OnMembers != nil {
		r.OnMembers(all)
	}
	if members.Epoch > r.epoch {
		r.Log.Info("members", "epoch", members.Epoch, "voters", fmt.Sprint(protocol.IDs(members.Voters)),
			"learners", fmt.Sprint(protocol.IDs(members.Learners)), "changing", members.Changing())
		r.epoch = members.Epoch
	}
	if r.machine.removed() {
		r.Log.Warn(fmt.Sprintf("this %s was removed from the cluster: it takes no part any more, and may be stopped", r.Self.Role))
	}
}
