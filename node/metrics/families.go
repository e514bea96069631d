package metrics

import (
	"maps"

	"paxos/internal/histogram"
	"paxos/node"
	"paxos/protocol"
)

// family is a group of metrics that those processes have for whom has is true.
type family struct {
	has     func(*node.Figures) bool
	metrics []metric
}

// families are all metrics but for the two that are labels only, and what package
// server counts of its requests.
var families = []family{
	{func(*node.Figures) bool { return true }, everybody},
	{func(f *node.Figures) bool { return f.Learner != nil }, storing},
	{func(f *node.Figures) bool { return f.Learner != nil }, onDisk},
	{func(f *node.Figures) bool { return f.Learner != nil }, catchingUp},
	{func(f *node.Figures) bool { return f.Acceptor != nil }, voting},
	{func(f *node.Figures) bool { return f.Proposer != nil }, proposing},
	{func(f *node.Figures) bool { return f.HandsOut }, handingOut},
	{func(f *node.Figures) bool { return f.Role == protocol.RoleServer }, serving},
	{func(f *node.Figures) bool { return f.Client != nil }, submitting},
}

var everybody = []metric{
	gauge("paxos_uptime_seconds", "Since the process started.", func(f *node.Figures) float64 { return f.Uptime.Seconds() }),
	gauge("paxos_loop_unanswered_seconds", "For how long the process's loop has not answered scrapes; 0: it did.", func(f *node.Figures) float64 { return f.Unanswered.Seconds() }),
	reasons("paxos_messages_dropped_total", "Messages received that were not believed, or not for this process, by reason.", dropped),

	count("paxos_network_sent_messages_total", "Frames or datagrams handed to the network.", func(f *node.Figures) uint64 { return f.Network.SentDatagrams }),
	count("paxos_network_sent_bytes_total", "Bytes handed to the network.", func(f *node.Figures) uint64 { return f.Network.SentBytes }),
	count("paxos_network_send_failures_total", "Frames or datagrams that the network refused.", func(f *node.Figures) uint64 { return f.Network.SendFailures }),
	count("paxos_network_received_messages_total", "Frames or datagrams received.", func(f *node.Figures) uint64 { return f.Network.ReceivedDatagrams }),
	count("paxos_network_received_bytes_total", "Bytes received.", func(f *node.Figures) uint64 { return f.Network.ReceivedBytes }),
	count("paxos_network_oversized_total", "Frames or datagrams that were too large, dropped.", func(f *node.Figures) uint64 { return f.Network.Oversized }),
	count("paxos_network_overflowed_total", "Datagrams lost because a receive buffer was full.", func(f *node.Figures) uint64 { return f.Network.Overflowed }),
	count("paxos_network_receive_errors_total", "Passing errors while receiving.", func(f *node.Figures) uint64 { return f.Network.ReceiveErrors }),
}

// dropped counts what was dropped by the loop, by a sealed transport, and by the
// cores because it came from a store that is not the pinned one (rule 10).
func dropped(f *node.Figures) map[string]uint64 {
	all := maps.Clone(f.Drops)
	if all == nil {
		all = make(map[string]uint64)
	}
	all["unauthentic"], all["other_time"] = f.Network.Unauthentic, f.Network.Stale
	all["replayed"], all["crowded"] = f.Network.Replayed, f.Network.Crowded
	if f.Learner != nil {
		all["stranger"] = f.Learner.Strangers
	}
	if f.Proposer != nil {
		all["stranger"] += f.Proposer.Strangers
	}
	return all
}

// storing are those of every process with a store: how far it is, and whom it follows.
var storing = []metric{
	gauge("paxos_leader_id", "The leader's id, 0 where none is known.", func(f *node.Figures) float64 { return float64(f.Leader) }),
	count("paxos_leader_changes_total", "How often the leader that is heard was another one, or the same with a new ballot.", func(f *node.Figures) uint64 { return f.Leaders }),
	gauge("paxos_leader_heard_seconds", "Since a heartbeat of a leader was heard; 0: this process leads; -1: never.", func(f *node.Figures) float64 { return max(f.LeaderHeard.Seconds(), -1) }),
	gauge("paxos_stale_seconds", "Since this process was in step with its leader; -1: never.", func(f *node.Figures) float64 { return max(f.Stale.Seconds(), -1) }),
	gauge("paxos_decided_instance", "The last instance known to be decided.", func(f *node.Figures) float64 { return float64(f.Decided) }),
	gauge("paxos_applied_instance", "The last instance applied.", func(f *node.Figures) float64 { return float64(f.Applied) }),
	gauge("paxos_checkpoint_instance", "The instance that the last durable checkpoint stands for.", func(f *node.Figures) float64 { return float64(f.Checkpoint) }),
	gauge("paxos_list_length", "Entries of the list.", func(f *node.Figures) float64 { return float64(f.Length) }),
	gauge("paxos_sessions", "Open client sessions.", func(f *node.Figures) float64 { return float64(f.Sessions) }),
	gauge("paxos_members", "Servers, or acceptors, of the cluster.", func(f *node.Figures) float64 { return float64(len(f.Members)) }),
	gauge("paxos_disk_full", "1 where commands are refused because a member's disk is nearly full.", func(f *node.Figures) float64 { return flag(f.Full) }),
	sizes("paxos_value_commands", "Commands that a decided value brought into the list.", func(h *node.Histograms) histogram.Counts { return h.Commands }),
	count("paxos_pin_conflicts_total", "Messages that name another store for an acceptor than the pinned one.", func(f *node.Figures) uint64 { return f.Learner.PinConflicts + ofAcceptor(f).PinConflicts }),
	count("paxos_ballot_conflicts_total", "Second values for one instance in one ballot: never, unless a proposer is broken.", func(f *node.Figures) uint64 { return f.Learner.Conflicts + ofAcceptor(f).Conflicts }),
}

// onDisk are those of the store.
var onDisk = []metric{
	gauge("paxos_log_bytes", "What the log takes on the disk.", func(f *node.Figures) float64 { return float64(f.Store.Log.DiskBytes) }),
	count("paxos_log_syncs_total", "Syncs of log files.", func(f *node.Figures) uint64 { return f.Store.Log.Syncs }),
	count("paxos_log_commits_total", "Batches committed to the log.", func(f *node.Figures) uint64 { return f.Store.Log.Commits }),
	count("paxos_log_records_total", "Records written to the log.", func(f *node.Figures) uint64 { return f.Store.Log.Records }),
	count("paxos_log_written_bytes_total", "Bytes written to the log.", func(f *node.Figures) uint64 { return f.Store.Log.Bytes }),
	count("paxos_log_late_segments_total", "Log files that a commit had to make itself, because none was prepared.", func(f *node.Figures) uint64 { return f.Store.Log.Inline }),
	seconds("paxos_log_sync_seconds", "How long the syncs of log files took.", func(h *node.Histograms) histogram.Counts { return h.Syncs }),
	sizes("paxos_log_commit_records", "Records in a group that one sync made durable.", func(h *node.Histograms) histogram.Counts { return h.Records }),
	sizes("paxos_log_commit_bytes", "Bytes of records in such a group.", func(h *node.Histograms) histogram.Counts { return h.Bytes }),
	gauge("paxos_disk_waiting_records", "Records that wait for the disk.", func(f *node.Figures) float64 { return float64(f.DiskRecords) }),
	gauge("paxos_disk_waiting_messages", "Messages that wait until records are durable.", func(f *node.Figures) float64 { return float64(f.DiskMessages) }),
	gauge("paxos_disk_free_bytes", "Left on the disk; -1: not known.", func(f *node.Figures) float64 { return float64(f.FreeBytes) }),

	gauge("paxos_database_bytes", "What the database takes on the disk.", func(f *node.Figures) float64 { return float64(f.Store.DatabaseBytes) }),
	count("paxos_database_transactions_total", "Transactions of the database.", func(f *node.Figures) uint64 { return f.Store.Transactions }),
	count("paxos_database_written_bytes_total", "Bytes of heads, votes and chunks written to the database.", func(f *node.Figures) uint64 { return f.Store.SavedBytes }),
	count("paxos_checkpoints_total", "Checkpoints made.", func(f *node.Figures) uint64 { return f.Store.Checkpoints }),
	gauge("paxos_checkpoint_running", "1 while a checkpoint is written.", func(f *node.Figures) float64 { return flag(f.Checkpointing) }),
	gauge("paxos_checkpoint_pending_bytes", "Bytes of values applied since the last checkpoint was begun.", func(f *node.Figures) float64 { return float64(f.PendingBytes) }),
	seconds("paxos_checkpoint_seconds", "How long checkpoints took to write, in the background.", func(h *node.Histograms) histogram.Counts { return h.Checkpoints }),
}

// catchingUp are those of what is repaired and copied between processes.
var catchingUp = []metric{
	count("paxos_repairs_asked_total", "Questions for decisions that were missed.", func(f *node.Figures) uint64 { return f.Learner.Asked }),
	count("paxos_repairs_answered_total", "Pages of decisions sent to others that asked.", func(f *node.Figures) uint64 { return f.Learner.Answered }),
	count("paxos_values_dropped_total", "Values heard before their turn for which there was no room.", func(f *node.Figures) uint64 { return f.Learner.Dropped }),
	gauge("paxos_values_held_bytes", "Bytes of values that wait for the ones before them.", func(f *node.Figures) float64 { return float64(f.Learner.HeldBytes) }),
	gauge("paxos_decisions_cached_bytes", "Bytes of recent decisions kept for others.", func(f *node.Figures) float64 { return float64(f.Learner.CacheBytes) }),
	count("paxos_catch_ups_begun_total", "Transfers of a snapshot from a peer that were begun.", func(f *node.Figures) uint64 { return f.CatchUps.Begun }),
	count("paxos_catch_ups_installed_total", "Snapshots of peers that were installed.", func(f *node.Figures) uint64 { return f.CatchUps.Installed }),
	count("paxos_catch_ups_useless_total", "Snapshots of peers that were refused because they were damaged, or stand for entries that this process must have.", func(f *node.Figures) uint64 { return f.CatchUps.Useless }),
	gauge("paxos_catch_up_running", "1 while a snapshot is being copied from a peer.", func(f *node.Figures) float64 { return flag(f.CatchUps.Running) }),
	count("paxos_snapshot_requests_total", "Requests of peers for parts of a snapshot that were answered.", func(f *node.Figures) uint64 { return f.CatchUps.Answered }),
	count("paxos_snapshot_requests_dropped_total", "Such requests dropped because too many waited.", func(f *node.Figures) uint64 { return f.CatchUps.Dropped }),
	gauge("paxos_snapshot_requests_waiting", "Such requests that wait.", func(f *node.Figures) float64 { return float64(f.CatchUps.Waiting) }),
}
