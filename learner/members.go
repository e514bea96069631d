package learner

import "paxos/protocol"

// Who votes may change (rule 13). The votes on an instance count by the
// configuration that governs it, and only when that is known for certain: a
// change that is applied at instance i governs from i+Alpha on, so who has
// applied everything up to a knows who votes up to a+Alpha. Votes beyond that
// horizon are not counted; a Mark or a Decided list will tell what came of them.
//
// A configuration that is known to govern an instance never changes any more, so
// neither does what a slot's tally means; only its members' places do.

// Configure tells who votes. It is called at the start, and whenever the applied
// state says otherwise: before Applied is told of the instance that changed it,
// or Advance of the snapshot. Without any call the Quorum of the Config votes on
// all instances.
func (l *Learner) Configure(m protocol.Membership) {
	for i := l.next; i <= l.open.top; i++ {
		l.open.at(i).carry(&l.members, &m)
	}
	l.members, l.changes = m, true
	l.lookAhead()
}

// Applied says that this process has applied instance i and all before it. Only
// who calls Configure needs to call it.
func (l *Learner) Applied(i protocol.Instance) {
	l.applied = max(l.applied, i)
	l.lookAhead()
}

func (l *Learner) lookAhead() {
	if l.changes {
		l.horizon = l.applied + protocol.Alpha
	}
}

// SetPeers says whom to ask from now on; Self is left out.
func (l *Learner) SetPeers(peers []protocol.Peer) {
	l.cfg.Peers = peers
	l.cfg = l.cfg.withDefaults()
	if n := len(l.cfg.Peers); n > 0 {
		l.repair.peer %= n
	} else {
		l.repair.armed, l.repair.upTo = false, 0
	}
}

func (s *slot) carry(from, to *protocol.Membership) {
	s.first.tally = to.Carry(s.first.tally, from)
	for i := range s.more {
		s.more[i].tally = to.Carry(s.more[i].tally, from)
	}
}
