package node

import (
	"github.com/hashicorp/go-hclog"

	"paxos/protocol"
	"paxos/transport"
)

// hearing tells people, once, that a process hears only datagrams that it must
// not believe, and what is likely to be wrong.
type hearing struct{ told bool }

// observe looks at what was received so far.
func (h *hearing) observe(log hclog.Logger, cluster protocol.ClusterID, d *drops, tr transport.Stats) {
	if h.told || d.good > 0 {
		return
	}
	why := misheard(d, tr)
	if why == "" {
		return
	}
	h.told = true
	log.Warn("hears only "+why, append(append([]any{"cluster", cluster.String()}, d.fields()...), refusals(tr)...)...)
}

// misheard says what is wrong with everything that is heard, if something is. What
// is authentic tells more than what is not.
func misheard(d *drops, tr transport.Stats) string {
	switch {
	case d.onlyForeign():
		return "other clusters on its groups: do the config, the number of acceptors, --cluster and PAXOS_CLUSTER agree everywhere?"
	case tr.Stale > 0:
		return "datagrams of another time: do the clocks of the hosts agree?"
	case tr.Unauthentic > 0:
		return "datagrams that it cannot authenticate: do all processes have the same key (key_file, --key-file, PAXOS_KEY_FILE) and the same cluster name?"
	case d.checksum > 0:
		return "datagrams with a wrong checksum: do the others have a key (key_file, --key-file, PAXOS_KEY_FILE) that this process lacks?"
	}
	return ""
}

// refusals are the counts of a sealed transport, for a log line.
func refusals(tr transport.Stats) []any {
	return []any{"unauthentic", tr.Unauthentic, "stale", tr.Stale, "replayed", tr.Replayed, "crowded", tr.Crowded}
}
