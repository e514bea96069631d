package node

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/protocol"
	"paxos/transport"
	"paxos/transport/memory"
	"paxos/transport/sealed"
)

const rightKey, wrongKey = "the key of this cluster", "the key of another cluster"

func sealedWith(t *testing.T, key string, inner transport.Transport, cluster protocol.ClusterID) transport.Transport {
	t.Helper()
	tr, err := sealed.Wrap(inner, sealed.Options{Secret: sealed.Secret(key), Cluster: cluster})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// proposerSays sends a good message of a proposer.
func proposerSays(tr transport.Transport, group protocol.Group, cluster protocol.ClusterID) {
	from := protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}, Store: 1}
	tr.Send([]transport.Datagram{{Group: group, Data: protocol.AppendMessage(nil, cluster, from, &protocol.Canvass{Round: 1})}})
}

// heardBy is the log line that an inbox behind a network with one speaker leads to.
func heardBy(t *testing.T, speak, listen string) string {
	const cluster = 7
	net := memory.NewNetwork(1)
	var speaker, listener transport.Transport = net.Join(), net.Join(protocol.GroupAcceptors)
	if speak != "" {
		speaker = sealedWith(t, speak, speaker, cluster)
	}
	if listen != "" {
		listener = sealedWith(t, listen, listener, cluster)
	}
	in := newInbox(listener, cluster, protocol.Peer{Role: protocol.RoleAcceptor, ID: 1})
	proposerSays(speaker, protocol.GroupAcceptors, cluster)
	if _, err := in.receive(); err != nil {
		t.Fatal(err)
	}
	log := new(logBuffer)
	var h hearing
	for range 3 { // it says it once
		h.observe(hclog.New(&hclog.LoggerOptions{Output: log}), cluster, &in.drops, listener.Stats())
	}
	return log.String()
}

func TestWhoHasAnotherKeyOrNoneSaysSoOnce(t *testing.T) {
	for _, c := range []struct{ name, speak, listen, want string }{
		{"the same key", rightKey, rightKey, ""},
		{"no key anywhere", "", "", ""},
		{"another key", rightKey, wrongKey, "cannot authenticate"},
		{"the others have none", "", rightKey, "cannot authenticate"},
		{"it has none", rightKey, "", "have a key"},
	} {
		got := heardBy(t, c.speak, c.listen)
		if c.want == "" && got != "" || c.want != "" && (strings.Count(got, c.want) != 1 || !strings.Contains(got, "--key-file")) {
			t.Errorf("%s: it says %q, want %q once", c.name, got, c.want)
		}
	}
}

func TestDatagramsOfAnotherTimeAreSaidToBeThat(t *testing.T) {
	if why := misheard(new(drops), transport.Stats{Stale: 1, Unauthentic: 1}); !strings.Contains(why, "clocks") {
		t.Errorf("it says %q", why)
	}
}

func TestAClientThatNobodyUnderstandsSaysWhy(t *testing.T) {
	const cluster = 7
	net := memory.NewNetwork(1)
	log := new(logBuffer)
	r, err := openClient(ClientOptions{
		Self: protocol.Peer{Role: protocol.RoleClient, ID: 1}, Cluster: cluster, Acceptors: 3,
		Transport: sealedWith(t, wrongKey, net.Join(protocol.GroupClients), cluster),
		Log:       hclog.New(&hclog.LoggerOptions{Output: log}),
		Next:      func() ([]byte, error) { return nil, io.EOF },
	})
	if err != nil {
		t.Fatal(err)
	}
	r.look = 0 // look at the first turn, not only after some seconds
	proposerSays(sealedWith(t, rightKey, net.Join(), cluster), protocol.GroupClients, cluster)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.loop(ctx) }()
	for ctx.Err() == nil && !strings.Contains(log.String(), "cannot authenticate") {
		time.Sleep(time.Millisecond)
	}
	if ctx.Err() != nil {
		t.Errorf("it says nothing of it: %s", log)
	}
	cancel()
	<-ended
}
