package server

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"paxos/server/servertest"
)

func TestMetricsTellOfRequestsAndOfTheEngine(t *testing.T) {
	e := servertest.New()
	fill(t, e, 10)
	f := newFront(t, e, Options{Version: "v1", PeerStatus: func() []PeerStatus {
		return []PeerStatus{{ID: 2, Connected: true, QueuedBytes: 3, Shed: 4}}
	}})
	f.post("/v1/list", `{"values": [1, 2, 3]}`)
	f.get("/v1/list/5")
	f.get("/v1/list/6?consistency=local")
	f.fails("GET", "/v1/list/99", "", 404, "not_found", "not_done", "")
	f.fails("GET", "/nothing", "", 404, "not_found", "not_done", "")
	page := f.get("/metrics")
	for _, want := range []string{
		`paxos_http_request_seconds_count{code="200",endpoint="POST /v1/list"} 1`,
		`paxos_http_request_seconds_count{code="200",endpoint="GET /v1/list/{index}"} 2`,
		`paxos_http_request_seconds_count{code="404",endpoint="GET /v1/list/{index}"} 1`,
		`paxos_http_request_seconds_count{code="404",endpoint="none"} 1`,
		`paxos_http_appended_values_total 3`, `paxos_http_read_values_total 2`, `paxos_http_linearizable_reads_total 2`,
		`paxos_http_appends_waiting 0`, `paxos_http_watchers 0`, `paxos_http_body_bytes 0`, `paxos_http_connections 1`,
		`paxos_list_length 13`, `paxos_applied_instance 3`, `paxos_leads 1`, `paxos_leader_id 1`, `paxos_disk_free_bytes 1.073741824e+09`,
		`paxos_log_syncs_total 0`, `paxos_messages_dropped_total{reason="foreign"} 2`, `paxos_build_info{version="v1"} 1`,
		`paxos_peer_connected{peer="2"} 1`, `paxos_peer_queued_bytes{peer="2"} 3`, `paxos_peer_shed_total{peer="2"} 4`,
	} {
		if !strings.Contains(page+"\n", "\n"+want+"\n") {
			t.Errorf("no line %s", want)
		}
	}
	if strings.Count(page, "go_goroutines") == 0 || strings.Count(page, "process_resident_memory_bytes") == 0 {
		t.Error("nothing of the process itself")
	}
}

// Whatever clients ask for, the number of metrics stays the same.
func TestClientsCannotMakeMetrics(t *testing.T) {
	f := newFront(t, servertest.New(), Options{})
	series := regexp.MustCompile(`(?m)^paxos_http_request_seconds_count`)
	f.fails("GET", "/x", "", 404, "not_found", "not_done", "")
	f.fails("BREW", "/v1/list", "", 405, "method_not_allowed", "not_done", "")
	f.get("/metrics")
	before := len(series.FindAllString(f.get("/metrics"), -1))
	for i := range 20 {
		f.fails("GET", fmt.Sprintf("/x%d", i), "", 404, "not_found", "not_done", "")
		f.fails(fmt.Sprintf("BREW%d", i), "/v1/list", "", 405, "method_not_allowed", "not_done", "")
	}
	if after := len(series.FindAllString(f.get("/metrics"), -1)); after != before {
		t.Errorf("%d series became %d", before, after)
	}
}
