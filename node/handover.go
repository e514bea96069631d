package node

import "paxos/protocol"

// tellLeader tells who leads, where that has changed.
func (r *runner) tellLeader() {
	if r.OnLeader == nil || r.machine.Proposer == nil {
		return
	}
	p := r.machine.Proposer
	now := Leader{ID: p.Leader(), Leads: p.Leading()}
	if now != r.led {
		r.led = now
		r.OnLeader(now)
	}
}

// yield asks the leader, this server or another one, to give way.
func (m *Machine) yield(now protocol.Time, to protocol.NodeID) {
	if m.Proposer.Leading() {
		m.Proposer.Yield(now, to, &m.out)
		return
	}
	m.out.Send(protocol.GroupAcceptors, &protocol.Yield{Ballot: m.Proposer.LeaderBallot(), Target: to})
}

// handOver gives the leadership away before a clean shutdown.
func (r *runner) handOver() {
	if p := r.machine.Proposer; p != nil && p.Yield(r.now(), 0, &r.machine.out) {
		r.out.send(r.machine.out.Now)
	}
}
