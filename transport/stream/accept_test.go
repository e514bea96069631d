package stream

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"paxos/protocol"
)

// upgradeRequest is a good request of server 2; each replacement makes it another.
func upgradeRequest(replacements ...string) string {
	good := "GET /peer HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: paxos-peer/1\r\n" +
		"Paxos-Cluster: 00000000000000c1\r\nPaxos-Sender: 2\r\n\r\n"
	return strings.NewReplacer(replacements...).Replace(good)
}

// ask opens a connection, sends text and returns the answer.
func ask(t testing.TB, address, text string) (net.Conn, *http.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return conn, answer
}

// join connects to s as server 2.
func join(t testing.TB, s *server) net.Conn {
	t.Helper()
	conn, answer := ask(t, s.address, upgradeRequest())
	if answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("refused: %s", answer.Status)
	}
	return conn
}

// lonely is a server that knows server 2, which is not there.
func lonely(t testing.TB) *server {
	s := start(t, options(1))
	s.SetPeers(map[protocol.NodeID]string{2: "127.0.0.1:1"})
	return s
}

func TestWhoDoesNotBelongIsToldWhy(t *testing.T) {
	s := lonely(t)
	for _, c := range []struct {
		replace string
		by      string
		status  int
		code    string
	}{
		{"GET", "DELETE", 405, "method_not_allowed"},
		{"keep-alive, Upgrade", "keep-alive", 426, "upgrade_required"},
		{"paxos-peer/1", "paxos-peer/2", 426, "upgrade_required"},
		{"paxos-peer/1", "websocket", 426, "upgrade_required"},
		{"Host: x", "Host: x\r\nContent-Length: 1", 400, "bad_request"},
		{"00000000000000c1", "00000000000000c2", 403, "other_cluster"},
		{"00000000000000c1", "c1", 403, "other_cluster"},
		{"Paxos-Cluster", "Something", 403, "other_cluster"},
		{"Sender: 2", "Sender: 1", 403, "own_id"},
		{"Sender: 2", "Sender: 3", 403, "unknown_peer"},
		{"Sender: 2", "Sender: 0", 400, "bad_request"},
		{"Sender: 2", "Sender: -2", 400, "bad_request"},
		{"Sender: 2", "Sender: 4294967298", 400, "bad_request"},
		{"Sender: 2", "Sender: two", 400, "bad_request"},
		{"Paxos-Sender", "Something", 400, "bad_request"},
	} {
		_, answer := ask(t, s.address, upgradeRequest(c.replace, c.by))
		var body struct {
			Error struct{ Code, Message, Outcome string }
		}
		if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
			t.Errorf("%q: %v", c.by, err)
		}
		if answer.StatusCode != c.status || body.Error.Code != c.code || body.Error.Message == "" || body.Error.Outcome != "not_done" {
			t.Errorf("%q: %s, %+v; want %d, %s", c.by, answer.Status, body, c.status, c.code)
		}
	}
	if s.Peers()[0].Heard {
		t.Error("somebody was let in")
	}
	join(t, s)
}

func TestAuthorizeSeesTheRequestAndMayRefuse(t *testing.T) {
	o := options(1)
	o.Authorize = func(r *http.Request) error {
		if r.Header.Get("Authorization") != "Bearer secret" {
			return errors.New("the token is wrong")
		}
		return nil
	}
	bad, good := options(2), options(3)
	good.Header = http.Header{"Authorization": {"Bearer secret"}}
	a, b, c := start(t, o), start(t, bad), start(t, good)
	everybody := map[protocol.NodeID]string{1: a.address, 2: b.address, 3: c.address}
	for _, s := range []*server{a, b, c} {
		s.SetPeers(everybody)
	}
	eventually(t, "one is let in, and the other is told why not", func() bool {
		return c.Peers()[0].Connected && strings.Contains(b.Peers()[0].LastError, "the token is wrong")
	})
}

func TestTheNextConnectionOfAPeerReplacesTheFirst(t *testing.T) {
	s := lonely(t)
	first := join(t, s)
	second := join(t, s)
	if n, err := first.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the first connection: read %d bytes, %v", n, err)
	}
	if _, err := second.Write(appendFrame(nil, datagram("x"))); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, s, 1); string(got[0].Data) != "x" {
		t.Errorf("heard %q", got[0].Data)
	}
}

func TestASenderMustWaitForTheAnswer(t *testing.T) {
	s := lonely(t)
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, upgradeRequest()+string(appendFrame(nil, datagram("x")))); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); len(got) > 0 || errors.Is(err, net.ErrClosed) {
		t.Errorf("answered %q, %v", got, err)
	}
	if n := s.Stats().ReceiveErrors; n != 1 {
		t.Errorf("counted %d", n)
	}
}

func TestWhatIsNoFrameEndsTheConnectionAfterTheGoodOnes(t *testing.T) {
	s := lonely(t)
	good := string(appendFrame(nil, datagram("good")))
	for i, bad := range []string{
		"\xe4\xff\x00\x00",       // one byte too long
		"\xff\xff\xff\x00",       // as long as it can say
		"\x00\x00\x00\x00",       // empty
		"\x01\x00\x00\x04x",      // group 4
		"GET / HTTP/1.1\r\n\r\n", // too long
	} {
		conn := join(t, s)
		if _, err := io.WriteString(conn, good+bad); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, s, 1); string(got[0].Data) != "good" {
			t.Errorf("%q: heard %q", bad, got[0].Data)
		}
		hearUntilClosed(t, s, conn)
		if c := s.Stats(); c.Oversized+c.ReceiveErrors != uint64(i+1) || c.ReceivedDatagrams != uint64(i+1) {
			t.Errorf("%q: counted %+v", bad, c)
		}
	}
	if c := s.Stats(); c.Oversized != 3 || c.ReceiveErrors != 2 {
		t.Errorf("counted %+v", c)
	}
}

// hearUntilClosed receives until s has closed conn, on which nothing may come.
func hearUntilClosed(t *testing.T, s *server, conn net.Conn) {
	t.Helper()
	closed := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		closed <- err
		s.Wake()
	}()
	for {
		got, err := s.Receive(nil)
		if err != nil || len(got) > 0 {
			t.Fatalf("heard %d datagrams, %v", len(got), err)
		}
		select {
		case err := <-closed:
			if timeout := net.Error(nil); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
				t.Fatalf("not closed: %v", err)
			}
			return
		default:
		}
	}
}

func TestStrangersCostNoMemory(t *testing.T) {
	s := lonely(t)
	go drain(s)
	before := heap()
	for i := range 200 { // each promises 64 KiB, or 16 MiB, and sends next to nothing
		conn := join(t, s)
		if _, err := io.WriteString(conn, []string{"\xe3\xff\x00\x00x", "\xff\xff\xff\x00x", "\x01"}[i%3]); err != nil {
			t.Fatal(err)
		}
	}
	if after := heap(); after > before+4<<20 {
		t.Errorf("%d bytes before, %d after", before, after)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func drain(s *server) {
	for {
		if _, err := s.Receive(nil); err != nil {
			return
		}
	}
}

func TestASlowRequestIsCutOffByItsServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := http.Server{Handler: lonely(t).Handler(), ReadHeaderTimeout: 100 * time.Millisecond}
	go server.Serve(listener)
	defer server.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(conn, upgradeRequest()[:20])
	_, err = io.ReadAll(conn)
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		t.Error("it still waits")
	}
}
