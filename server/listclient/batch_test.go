package listclient

import (
	"strings"
	"testing"

	"paxos/node"
	"paxos/protocol"
	"paxos/server/value"
)

// queued gives an appender with n values in its queue, each of so many bytes.
func queued(t *testing.T, n, bytes int) *appender {
	t.Helper()
	a := open(t, []string{"127.0.0.1:1"}).appends
	a.session, a.window, a.next = 1, protocol.SessionWindow, 1
	v := value.String(strings.Repeat("x", bytes-2))
	for range n {
		a.requeue(command{value: v, group: newGroup(1)}) // which takes no room
	}
	return a
}

func TestABatchFillsValuesOfTheLog(t *testing.T) {
	for _, c := range []struct {
		queued, bytes, want int
		why                 string
	}{
		{1, 16 << 10, 1, "one value always goes"},
		{1024, 10, 1024, "all fit one value of the log"},
		{2000, 10, 1024, "the window is full"},
		{930, 65, 930, "one value is full to the brim"},
		{1024, 65, 930, "a tenth of a second value waits"},
		{1024, 80, 758, "a third of a second value waits"},
		{1024, 89, 1024, "half of a second value goes along"},
		{1024, 1000, 8 * 61, "no more than eight values"},
		{1024, 16 << 10, 8 * 3, "no more than eight values, of three long ones each"},
		{7, 16 << 10, 6, "a third of a third value waits"},
		{8, 16 << 10, 8, "two thirds of it go along"},
	} {
		a := queued(t, c.queued, c.bytes)
		var b batch
		a.fill(&b)
		if n := len(b.commands); n != c.want || a.queue.len() != c.queued-n || a.next != uint64(n+1) {
			t.Errorf("%d of %d values of %d bytes in the batch, want %d: %s", n, c.queued, c.bytes, c.want, c.why)
		}
	}
}

func TestTheServersPackAsMuchIntoAValueAsTheClientThinks(t *testing.T) {
	sizes, err := node.SizesFor(protocol.MaxDatagram, protocol.MaxAcceptors)
	if err != nil || sizes.Submit != logValue {
		t.Errorf("%d bytes of commands in a value, want %d, %v", sizes.Submit, logValue, err)
	}
}

// Whoever is waited for may have gone, or have nothing to append.
func TestToGatherEndsThoughNobodyComes(t *testing.T) {
	queued(t, 0, 10).gather(maxBatch)
	queued(t, 5, 10).gather(maxBatch)
	queued(t, 5, 10).gather(5)
}
