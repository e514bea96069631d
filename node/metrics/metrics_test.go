package metrics

import (
	"io"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/acceptor"
	"paxos/internal/histogram"
	"paxos/learner"
	"paxos/node"
	"paxos/proposer"
	"paxos/protocol"
	"paxos/storage"
	"paxos/transport"
	"paxos/wal"
)

// page is what a scrape of a process that tells f shows.
func page(t *testing.T, f node.Figures, known bool) string {
	t.Helper()
	answer := httptest.NewRecorder()
	Page(NewRegistry(func() (node.Figures, bool) { return f, known }, "v1")).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	text, err := io.ReadAll(answer.Result().Body)
	if err != nil || answer.Code != 200 {
		t.Fatalf("%d, %v: %s", answer.Code, err, text)
	}
	return "\n" + string(text)
}

// server is a list server, with a number of its own in many places.
func server() node.Figures {
	sync := histogram.NewFixed(histogram.Steps(10_000, 10_000_000_000))
	for _, d := range []time.Duration{5 * time.Microsecond, 71 * time.Microsecond, time.Minute} {
		sync.Add(uint64(d))
	}
	return node.Figures{
		Status: node.Status{
			Cluster: 7, Self: node.Member{ID: 2}, Leads: true, Leader: 2, Decided: 12, Applied: 11, Trim: 10,
			Length: 9, Sessions: 8, Waiting: 7, Full: true, Stale: 3 * time.Second / 2, Uptime: time.Minute, FreeBytes: 1 << 30,
			Members: []node.Member{{ID: 1}, {ID: 2}}, Drops: map[string]uint64{"foreign": 5},
			Store:   storage.Stats{Log: wal.Stats{Syncs: 21, Inline: 22}, SavedBytes: 23, Checkpoints: 24},
			Network: transport.Stats{SentDatagrams: 31, Overflowed: 32, Unauthentic: 33, Stale: 34},
		},
		Role: protocol.RoleServer, StoreID: 0xabc, Leaders: 41, LeaderHeard: 250 * time.Millisecond, Checkpoint: 42, Checkpointing: true,
		Proposer:   &proposer.Stats{Candidacies: 51, Leaderships: 52, TooLong: 53, Strangers: 54, RTO: 20 * time.Millisecond},
		Acceptor:   &acceptor.Stats{Voted: 61, Refused: 62, Conflicts: 63, PinConflicts: 64},
		Learner:    &learner.Stats{Asked: 71, Strangers: 72, Conflicts: 73, PinConflicts: 74},
		CatchUps:   node.CatchUps{Begun: 81, Installed: 82, Running: true, Waiting: 83},
		Histograms: node.Histograms{Syncs: sync.Counts()},
	}
}

func TestAScrapeTellsOfTheProcess(t *testing.T) {
	text := page(t, server(), true)
	for _, want := range []string{
		`paxos_build_info{version="v1"} 1`, `paxos_node_info{cluster="0000000000000007",id="2",role="server",store="0000000000000abc"} 1`,
		`paxos_leads 1`, `paxos_leader_id 2`, `paxos_leader_changes_total 41`, `paxos_leader_heard_seconds 0.25`, `paxos_stale_seconds 1.5`,
		`paxos_decided_instance 12`, `paxos_applied_instance 11`, `paxos_trim_instance 10`, `paxos_checkpoint_instance 42`,
		`paxos_list_length 9`, `paxos_sessions 8`, `paxos_commands_waiting 7`, `paxos_members 2`, `paxos_disk_full 1`, `paxos_checkpoint_running 1`,
		`paxos_log_syncs_total 21`, `paxos_log_late_segments_total 22`, `paxos_database_written_bytes_total 23`, `paxos_checkpoints_total 24`,
		`paxos_network_sent_messages_total 31`, `paxos_network_overflowed_total 32`, `paxos_loop_unanswered_seconds 0`,
		`paxos_messages_dropped_total{reason="foreign"} 5`, `paxos_messages_dropped_total{reason="unauthentic"} 33`,
		`paxos_messages_dropped_total{reason="other_time"} 34`, `paxos_messages_dropped_total{reason="stranger"} 126`,
		`paxos_candidacies_total 51`, `paxos_leaderships_total 52`, `paxos_commands_dropped_total{reason="too_long"} 53`, `paxos_retransmit_timeout_seconds 0.02`,
		`paxos_votes_total 61`, `paxos_votes_withheld_total{reason="old_ballot"} 62`, `paxos_ballot_conflicts_total 136`, `paxos_pin_conflicts_total 138`,
		`paxos_repairs_asked_total 71`, `paxos_catch_ups_begun_total 81`, `paxos_catch_ups_installed_total 82`, `paxos_catch_up_running 1`, `paxos_snapshot_requests_waiting 83`,
		`paxos_log_sync_seconds_bucket{le="1e-05"} 1`, `paxos_log_sync_seconds_bucket{le="5e-05"} 1`, `paxos_log_sync_seconds_bucket{le="0.0001"} 2`,
		`paxos_log_sync_seconds_bucket{le="10"} 2`, `paxos_log_sync_seconds_bucket{le="+Inf"} 3`, `paxos_log_sync_seconds_count 3`, `paxos_log_sync_seconds_sum 60.000076`,
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("no line %s", want)
		}
	}
	for _, want := range []string{"go_goroutines", "process_resident_memory_bytes", "process_open_fds"} {
		if !strings.Contains(text, "\n"+want+" ") {
			t.Errorf("no line %s", want)
		}
	}
}

// Before the store is open there is nothing to tell, but the page works.
func TestAProcessThatStartsTellsOfItself(t *testing.T) {
	text := page(t, node.Figures{}, false)
	names := regexp.MustCompile(`(?m)^(paxos_\w+)`).FindAllString(text, -1)
	if !slices.Equal(names, []string{"paxos_build_info"}) || !strings.Contains(text, "\ngo_goroutines ") {
		t.Errorf("it tells %q", names)
	}
}

// No two metrics have one name, and each is told of a process that has every part.
func TestEveryMetricIsToldOnce(t *testing.T) {
	f := server()
	f.HandsOut, f.Client = true, &node.ClientFigures{}
	text := page(t, f, true)
	seen := map[string]bool{}
	for _, family := range families {
		for _, m := range family.metrics {
			if seen[m.name] || strings.Count(text, "\n# TYPE "+m.name+" ") != 1 {
				t.Errorf("%s is not told once", m.name)
			}
			seen[m.name] = true
		}
	}
	if len(seen) < 70 {
		t.Errorf("%d metrics", len(seen))
	}
}

// Prometheus' own rules for names: base units, and _total for what only grows.
func TestNamesSayWhatTheyCount(t *testing.T) {
	text := page(t, server(), true)
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (paxos_\w+) (\w+)$`).FindAllStringSubmatch(text, -1) {
		if total := strings.HasSuffix(m[1], "_total"); total != (m[2] == "counter") {
			t.Errorf("%s is a %s", m[1], m[2])
		}
	}
	if bad := regexp.MustCompile(`paxos_\w*(_ms|millis|micros|_mb|_kb)\b`).FindAllString(text, -1); bad != nil {
		t.Errorf("other units than seconds and bytes: %q", bad)
	}
}

func TestAProcessThatHangsIsNotHealthy(t *testing.T) {
	f, known := server(), true
	source := Source(func() (node.Figures, bool) { return f, known })
	if err := source.Health(); err != nil {
		t.Error(err)
	}
	f.Unanswered = time.Second // it may have a lot to do
	if err := source.Health(); err != nil {
		t.Error(err)
	}
	f.Unanswered = time.Minute
	if err := source.Health(); err == nil || !strings.Contains(err.Error(), "1m0s") {
		t.Errorf("%v", err)
	}
	if known = false; source.Health() == nil {
		t.Error("healthy before the start")
	}
}
