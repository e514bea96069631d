package stream

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"paxos/protocol"
)

// FuzzUpgradeRequest: whatever a stranger asks, only a request of a known peer of this cluster is let in, and everybody
// else is told why.
func FuzzUpgradeRequest(f *testing.F) {
	f.Add(upgradeRequest())
	f.Add(upgradeRequest("GET", "POST"))
	f.Add(upgradeRequest("paxos-peer/1", "websocket, PAXOS-PEER/1"))
	f.Add(upgradeRequest("Paxos-Sender: 2", "Paxos-Sender: 00000000000000000000000000000000002"))
	f.Add(upgradeRequest("Paxos-Sender: 2", "Paxos-Sender: -2"))
	f.Add(upgradeRequest("00000000000000c1", "00000000000000C1"))
	f.Add(upgradeRequest("Host: x", "Host: x\r\nContent-Length: 3"))
	s := New(options(1))
	f.Cleanup(func() { _ = s.Close() })
	s.SetPeers(map[protocol.NodeID]string{2: "127.0.0.1:1"})
	f.Fuzz(func(t *testing.T, text string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return
		}
		from, no := s.check(r)
		switch {
		case no != nil && (from != 0 || no.status < 400 || no.code == "" || no.message == ""):
			t.Fatalf("%q: %d, %+v", text, from, no)
		case no == nil && (from != 2 || r.Header.Get(clusterHeader) != cluster.String() || r.ContentLength != 0):
			t.Fatalf("%q was let in as %d", text, from)
		}
	})
}

// FuzzUpgradeAnswer: whatever a peer answers, the connection is used only after the one right answer and nothing else.
func FuzzUpgradeAnswer(f *testing.F) {
	const good = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: paxos-peer/1\r\n\r\n"
	f.Add(good)
	f.Add(good + "x")
	f.Add("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")
	f.Add("HTTP/1.1 101\r\n")
	f.Add(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20))
	s := New(options(1))
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, answer string) {
		p := &peer{t: s, id: 2, address: "peer"}
		mine, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer theirs.Close()
			r, err := http.ReadRequest(bufio.NewReader(theirs))
			if err != nil || r.Header.Get(senderHeader) != "1" {
				t.Errorf("the request cannot be read: %v", err)
			}
			_, _ = theirs.Write([]byte(answer)) // who asked may hang up
		}()
		err := p.upgrade(mine)
		mine.Close()
		<-done
		if err == nil && (!strings.HasPrefix(answer, "HTTP/1.") || !strings.Contains(answer, " 101")) {
			t.Fatalf("%q was taken", answer)
		}
		if answer == good+"x" && !errors.Is(err, errTalks) {
			t.Fatalf("frames came against the stream, and were taken: %v", err)
		}
	})
}
