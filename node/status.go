package node

import (
	"time"

	"paxos/protocol"
)

// status tells people, by log lines, what they would want to know of a process:
// when it leads, when it hears nobody but strangers, and what it has done.
type status struct {
	leading bool
	next    protocol.Time // of the next look at the counters
	hearing hearing
}

const statusEvery = 5 * time.Second

func (s *status) deadline() protocol.Time { return s.next }

func (s *status) started(r *runner) {
	s.next = r.now().Add(statusEvery)
	r.Log.Info("started",
		"role", r.Self.Role.String(), "id", r.Self.ID, "cluster", r.Cluster.String(), "acceptors", r.Quorum.Size(), "store", r.store.Identity().Store.String(),
		"applied", r.machine.List.Applied(), "length", r.machine.List.Length(),
		"datagram_bytes", r.Transport.MaxDatagram(), "window_bytes", r.Transport.Window())
}

// observe looks at the machine after a turn.
func (s *status) observe(r *runner, now protocol.Time) {
	if p := r.machine.Proposer; p != nil && p.Leading() != s.leading {
		s.leading = p.Leading()
		if s.leading {
			r.Log.Info("leading", "ballot", p.Ballot().String())
		} else {
			r.Log.Info("no longer leading", "leader", p.Leader())
		}
	}
	if now < s.next {
		return
	}
	s.next = now.Add(statusEvery)
	s.hearing.observe(r.Log, r.Cluster, &r.in.drops, r.Transport.Stats())
	if r.Log.IsDebug() {
		r.Log.Debug("counters", s.counters(r)...)
	}
}

func (s *status) stopped(r *runner) { r.Log.Info("stopped", s.counters(r)...) }

func (s *status) counters(r *runner) []any {
	st, tr := r.store.Stats(), r.Transport.Stats()
	fields := []any{
		"applied", r.machine.List.Applied(), "length", r.machine.List.Length(),
		"fsyncs", st.Log.Syncs, "commits", st.Log.Commits, "records", st.Log.Records,
		"checkpoints", st.Checkpoints, "log_bytes", st.Log.DiskBytes, "database_bytes", st.DatabaseBytes, "disk_bytes", st.Log.DiskBytes + st.DatabaseBytes,
		"sent", tr.SentDatagrams, "send_failures", tr.SendFailures, "received", tr.ReceivedDatagrams, "overflowed", tr.Overflowed,
	}
	if p := r.machine.Proposer; p != nil {
		ps := p.Stats()
		fields = append(fields, "candidacies", ps.Candidacies, "retransmitted", ps.Retransmitted,
			"submits_too_long", ps.TooLong, "strangers", ps.Strangers, "disputed", ps.Disputed)
	}
	if a := r.machine.Acceptor; a != nil {
		as := a.Stats()
		fields = append(fields, "abstained", as.Beyond+as.Full+as.Unvouched, "refused", as.Refused, "pin_conflicts", as.PinConflicts)
	}
	return append(append(fields, r.in.drops.fields()...), refusals(tr)...)
}
