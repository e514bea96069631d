package sealed

import (
	"testing"
	"time"

	"paxos/protocol"
	"paxos/transport"
	"paxos/transport/memory"
)

const (
	testSecret  = "a secret that only tests know"
	testCluster = protocol.ClusterID(7)
	noon        = uint32(1_800_000_000)
)

func ring(t testing.TB, secret string, cluster protocol.ClusterID) *keyring {
	t.Helper()
	k, err := newKeyring(Secret(secret), cluster)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sealing(t testing.TB) *sealer { return newSealer(ring(t, testSecret, testCluster)) }

// opening returns an opener that remembers so many senders.
func opening(t testing.TB, senders int) *opener {
	return &opener{
		keys: ring(t, testSecret, testCluster), senders: newSenders(senders),
		tolerance: 60, self: func() uint64 { return 0 },
	}
}

// expect opens a datagram and fails unless the verdict is the expected one.
func expect(t *testing.T, want verdict, o *opener, group protocol.Group, now uint32, data []byte, what string) {
	t.Helper()
	if _, got := o.open(group, now, data); got != want {
		t.Errorf("%s: verdict %d, want %d", what, got, want)
	}
}

// wrapped seals a member of a network.
func wrapped(t testing.TB, inner transport.Transport, o Options) *Transport {
	t.Helper()
	tr, err := Wrap(inner, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func options(secret string) Options { return Options{Secret: Secret(secret), Cluster: testCluster} }

// couple is a sealed sender and a sealed receiver of the acceptors' group, and a
// stranger who hears everything and says what he likes.
func couple(t testing.TB) (from, to *Transport, stranger *memory.Member) {
	net := memory.NewNetwork(1)
	from = wrapped(t, net.Join(), options(testSecret))
	to = wrapped(t, net.Join(protocol.GroupAcceptors), options(testSecret))
	return from, to, net.Join(protocol.GroupAcceptors)
}

// receive returns what one Receive hands out. It does not wait for ever.
func receive(t testing.TB, tr transport.Transport) []transport.Datagram {
	t.Helper()
	tr.WakeAt(time.Now().Add(30 * time.Second))
	got, err := tr.Receive(nil)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func toAcceptors(data ...string) (out []transport.Datagram) {
	for _, d := range data {
		out = append(out, transport.Datagram{Group: protocol.GroupAcceptors, Data: []byte(d)})
	}
	return out
}
