package metrics

import (
	"paxos/acceptor"
	"paxos/internal/histogram"
	"paxos/node"
)

// ofAcceptor is what an acceptor has counted, nothing where there is none.
func ofAcceptor(f *node.Figures) acceptor.Stats {
	if f.Acceptor == nil {
		return acceptor.Stats{}
	}
	return *f.Acceptor
}

// voting are those of an acceptor, or of a list server's acceptor half.
var voting = []metric{
	gauge("paxos_ballot_round", "Round of the highest promised ballot.", func(f *node.Figures) float64 { return float64(f.Ballot.Round) }),
	gauge("paxos_trim_instance", "Instances up to here stand in the checkpoint; their votes are forgotten.", func(f *node.Figures) float64 { return float64(f.Trim) }),
	count("paxos_votes_total", "Votes cast.", func(f *node.Figures) uint64 { return f.Acceptor.Voted }),
	count("paxos_votes_repeated_total", "Accepts answered with an earlier vote.", func(f *node.Figures) uint64 { return f.Acceptor.Repeated }),
	reasons("paxos_votes_withheld_total", "Messages of proposers that got no vote or promise, by reason.", withheld),
	gauge("paxos_votes_open", "Votes that wait for a checkpoint.", func(f *node.Figures) float64 { return float64(f.Acceptor.Open) }),
	gauge("paxos_votes_open_bytes", "What these take in memory.", func(f *node.Figures) float64 { return float64(f.Acceptor.Bytes) }),
	count("paxos_promise_pages_total", "Pages of promises sent to candidates.", func(f *node.Figures) uint64 { return f.Acceptor.Pages }),
}

func withheld(f *node.Figures) map[string]uint64 {
	a := f.Acceptor
	return map[string]uint64{
		"old_ballot": a.Refused, "trimmed": a.Forgotten, "too_far_ahead": a.Beyond,
		"votes_full": a.Full, "removed": a.Removed, "not_vouched_for": a.Unvouched,
	}
}

// proposing are those of a proposer, or of a list server's proposer half.
var proposing = []metric{
	gauge("paxos_leads", "1 where this process leads.", func(f *node.Figures) float64 { return flag(f.Leads) }),
	count("paxos_candidacies_total", "Elections that this process stood for.", func(f *node.Figures) uint64 { return f.Proposer.Candidacies }),
	count("paxos_leaderships_total", "Elections that it won.", func(f *node.Figures) uint64 { return f.Proposer.Leaderships }),
	count("paxos_step_downs_total", "Leaderships that it lost or gave up.", func(f *node.Figures) uint64 { return f.Proposer.StepDowns }),
	count("paxos_yields_total", "Leaderships that it handed over; they count as step-downs, too.", func(f *node.Figures) uint64 { return f.Proposer.Yields }),
	seconds("paxos_commit_seconds", "From the moment when a value was proposed until it was decided and applied, at the leader.", func(h *node.Histograms) histogram.Counts { return h.Commits }),
	count("paxos_proposed_values_total", "Values proposed, without no-ops and repetitions.", func(f *node.Figures) uint64 { return f.Proposer.Values }),
	count("paxos_proposed_commands_total", "Commands in them.", func(f *node.Figures) uint64 { return f.Proposer.Commands }),
	count("paxos_proposed_bytes_total", "Bytes in them.", func(f *node.Figures) uint64 { return f.Proposer.Bytes }),
	count("paxos_retransmitted_total", "Values sent to the acceptors again.", func(f *node.Figures) uint64 { return f.Proposer.Retransmitted }),
	gauge("paxos_queued_bytes", "Bytes of commands that wait to be proposed.", func(f *node.Figures) float64 { return float64(f.Proposer.Queued) }),
	gauge("paxos_in_flight_values", "Values proposed and not decided yet.", func(f *node.Figures) float64 { return float64(f.Proposer.InFlight) }),
	gauge("paxos_window_bytes", "Bytes of values that may be under way at a time.", func(f *node.Figures) float64 { return float64(f.Proposer.Window) }),
	reasons("paxos_commands_dropped_total", "Messages with commands or questions of clients that were dropped, by reason; clients repeat them.", refused),
	count("paxos_reads_total", "Linearizable reads answered.", func(f *node.Figures) uint64 { return f.Proposer.Reads }),
	count("paxos_read_rounds_total", "Rounds of heartbeats begun for them.", func(f *node.Figures) uint64 { return f.Proposer.ReadRounds }),
	gauge("paxos_disputed_acceptors", "Acceptors that do not count, because their store is not the one that is known.", func(f *node.Figures) float64 { return float64(f.Proposer.Disputed) }),
	gauge("paxos_retransmit_timeout_seconds", "How long an answer may take before a value is sent again.", func(f *node.Figures) float64 { return f.Proposer.RTO.Seconds() }),
}

func refused(f *node.Figures) map[string]uint64 {
	p := f.Proposer
	return map[string]uint64{"queue_full": p.Dropped, "disk_full": p.Refused, "too_long": p.TooLong, "too_many_readers": p.ReadsDropped}
}

// handingOut are those of a learner that prints.
var handingOut = []metric{
	gauge("paxos_output_entries", "Entries of the list up to the last one handed out.", func(f *node.Figures) float64 { return float64(f.HandedOut) }),
}

// serving are those of a list server's front desk; package server has more.
var serving = []metric{
	gauge("paxos_commands_waiting", "Commands that wait for their answer here.", func(f *node.Figures) float64 { return float64(f.Waiting) }),
}

// submitting are those of a client.
var submitting = []metric{
	count("paxos_client_submitted_total", "Values taken from the input.", func(f *node.Figures) uint64 { return f.Client.Submitted }),
	count("paxos_client_acknowledged_total", "Values acknowledged.", func(f *node.Figures) uint64 { return f.Client.Acked }),
	count("paxos_client_repeated_total", "Messages with values that were sent again.", func(f *node.Figures) uint64 { return f.Client.Repeated }),
	gauge("paxos_client_outstanding", "Values without acknowledgement.", func(f *node.Figures) float64 { return float64(f.Client.Outstanding) }),
	gauge("paxos_client_session_open", "1 where there is a session.", func(f *node.Figures) float64 { return flag(f.Client.Session) }),
	gauge("paxos_client_retransmit_timeout_seconds", "How long an answer may take before values are sent again.", func(f *node.Figures) float64 { return f.Client.RTO.Seconds() }),
	seconds("paxos_client_acknowledge_seconds", "From a value to its acknowledgement: of one value at a time.", func(h *node.Histograms) histogram.Counts { return h.Acks }),
}
