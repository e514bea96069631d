package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"paxos/node"
)

// figure is a metric that is taken from the engine's Status.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*node.Status) float64
}

func gauge(name, help string, of func(*node.Status) float64) figure {
	return figure{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, of}
}

func count(name, help string, of func(*node.Status) uint64) figure {
	return figure{prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue,
		func(st *node.Status) float64 { return float64(of(st)) }}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// figures are told in every scrape, from one Status.
var figures = []figure{
	gauge("paxos_leads", "1 where this server leads.", func(st *node.Status) float64 { return flag(st.Leads) }),
	gauge("paxos_leader_id", "The leader's id, 0 where none is known.", func(st *node.Status) float64 { return float64(st.Leader) }),
	gauge("paxos_ballot_round", "Round of the highest promised ballot.", func(st *node.Status) float64 { return float64(st.Ballot.Round) }),
	gauge("paxos_decided_instance", "The last instance known to be decided.", func(st *node.Status) float64 { return float64(st.Decided) }),
	gauge("paxos_applied_instance", "The last instance applied.", func(st *node.Status) float64 { return float64(st.Applied) }),
	gauge("paxos_trim_instance", "Instances up to here stand in the checkpoint.", func(st *node.Status) float64 { return float64(st.Trim) }),
	gauge("paxos_list_length", "Entries of the list.", func(st *node.Status) float64 { return float64(st.Length) }),
	gauge("paxos_sessions", "Open client sessions.", func(st *node.Status) float64 { return float64(st.Sessions) }),
	gauge("paxos_commands_waiting", "Commands that wait for their answer here.", func(st *node.Status) float64 { return float64(st.Waiting) }),
	gauge("paxos_stale_seconds", "Since this server was in step with its leader; -1: never.", func(st *node.Status) float64 { return max(st.Stale.Seconds(), -1) }),
	gauge("paxos_uptime_seconds", "Since the server started.", func(st *node.Status) float64 { return st.Uptime.Seconds() }),
	gauge("paxos_members", "Servers of the cluster.", func(st *node.Status) float64 { return float64(len(st.Members)) }),

	gauge("paxos_log_bytes", "What the log takes on the disk.", func(st *node.Status) float64 { return float64(st.Store.Log.DiskBytes) }),
	gauge("paxos_database_bytes", "What the database takes on the disk.", func(st *node.Status) float64 { return float64(st.Store.DatabaseBytes) }),
	gauge("paxos_disk_free_bytes", "Left on the disk; -1: not known.", func(st *node.Status) float64 { return float64(st.FreeBytes) }),
	gauge("paxos_disk_full", "1 where commands are refused because a disk is nearly full.", func(st *node.Status) float64 { return flag(st.Full) }),
	count("paxos_log_syncs_total", "Syncs of log files.", func(st *node.Status) uint64 { return st.Store.Log.Syncs }),
	count("paxos_log_commits_total", "Batches committed to the log.", func(st *node.Status) uint64 { return st.Store.Log.Commits }),
	count("paxos_log_records_total", "Records written to the log.", func(st *node.Status) uint64 { return st.Store.Log.Records }),
	count("paxos_log_written_bytes_total", "Bytes written to the log.", func(st *node.Status) uint64 { return st.Store.Log.Bytes }),
	count("paxos_checkpoints_total", "Checkpoints made.", func(st *node.Status) uint64 { return st.Store.Checkpoints }),
	count("paxos_database_transactions_total", "Transactions of the database.", func(st *node.Status) uint64 { return st.Store.Transactions }),

	count("paxos_network_sent_messages_total", "Frames handed to the network.", func(st *node.Status) uint64 { return st.Network.SentDatagrams }),
	count("paxos_network_sent_bytes_total", "Bytes handed to the network.", func(st *node.Status) uint64 { return st.Network.SentBytes }),
	count("paxos_network_send_failures_total", "Frames that the network refused.", func(st *node.Status) uint64 { return st.Network.SendFailures }),
	count("paxos_network_received_messages_total", "Frames received.", func(st *node.Status) uint64 { return st.Network.ReceivedDatagrams }),
	count("paxos_network_received_bytes_total", "Bytes received.", func(st *node.Status) uint64 { return st.Network.ReceivedBytes }),
	count("paxos_network_oversized_total", "Frames that were too large, dropped.", func(st *node.Status) uint64 { return st.Network.Oversized }),
	count("paxos_network_overflowed_total", "Frames lost because a receive buffer was full.", func(st *node.Status) uint64 { return st.Network.Overflowed }),
	count("paxos_network_receive_errors_total", "Passing errors while receiving.", func(st *node.Status) uint64 { return st.Network.ReceiveErrors }),
}

var (
	descDropped   = prometheus.NewDesc("paxos_messages_dropped_total", "Messages that were not for this server, by reason.", []string{"reason"}, nil)
	descConnected = prometheus.NewDesc("paxos_peer_connected", "1 where the peer is connected.", []string{"peer"}, nil)
	descQueued    = prometheus.NewDesc("paxos_peer_queued_bytes", "Bytes that wait to be sent to the peer.", []string{"peer"}, nil)
	descShed      = prometheus.NewDesc("paxos_peer_shed_total", "Messages to the peer dropped because its queue was full.", []string{"peer"}, nil)
	descVersion   = prometheus.NewDesc("paxos_build_info", "Always 1; the version is a label.", []string{"version"}, nil)
)

// engineCollector tells of the engine and its peers, from one Status a scrape.
type engineCollector struct{ s *Server }

func newEngineCollector(s *Server) prometheus.Collector { return engineCollector{s} }

// Describe implements prometheus.Collector.
func (c engineCollector) Describe(out chan<- *prometheus.Desc) {
	for _, f := range figures {
		out <- f.desc
	}
	for _, d := range []*prometheus.Desc{descDropped, descConnected, descQueued, descShed, descVersion} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c engineCollector) Collect(out chan<- prometheus.Metric) {
	st := c.s.engine.Status()
	for _, f := range figures {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.of(&st))
	}
	for reason, n := range st.Drops {
		out <- prometheus.MustNewConstMetric(descDropped, prometheus.CounterValue, float64(n), reason)
	}
	for _, p := range c.s.peerStatus() {
		id := p.ID.String()
		out <- prometheus.MustNewConstMetric(descConnected, prometheus.GaugeValue, flag(p.Connected), id)
		out <- prometheus.MustNewConstMetric(descQueued, prometheus.GaugeValue, float64(p.QueuedBytes), id)
		out <- prometheus.MustNewConstMetric(descShed, prometheus.CounterValue, float64(p.Shed), id)
	}
	out <- prometheus.MustNewConstMetric(descVersion, prometheus.GaugeValue, 1, c.s.version)
}
