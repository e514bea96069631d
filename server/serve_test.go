package server

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"paxos/server/servertest"
)

func TestRequestsUnderWayEndBeforeTheServerDoes(t *testing.T) {
	release, entered := make(chan struct{}), make(chan time.Duration, 1)
	f := newFront(t, stuck(release, entered), Options{})
	c := f.dial()
	c.say(postOf(`{"value": 1}`))
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- f.stop() }()
	<-f.server.stopping
	close(release)
	if code, _, body := c.hear(); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp4", f.addr); err == nil {
		t.Error("the server still listens")
	}
}

func TestRequestsThatTakeTooLongAreCutAtTheEnd(t *testing.T) {
	release, entered := make(chan struct{}), make(chan time.Duration, 1)
	defer close(release)
	f := newFront(t, stuck(release, entered), Options{Limits: Limits{Shutdown: 20 * time.Millisecond, Wait: time.Hour}})
	c := f.dial()
	c.say(postOf(`{"value": 1}`))
	<-entered
	if err := f.stop(); err != nil {
		t.Error(err)
	}
	c.ended()
}

type brokenListener struct{ net.Listener }

func (brokenListener) Accept() (net.Conn, error) { return nil, fmt.Errorf("no more") }

func TestServeTellsWhyItCannotGoOn(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	err = New(Options{Engine: servertest.New()}).Serve(context.Background(), brokenListener{ln})
	if want := fmt.Sprintf("serve HTTP on %s: no more", ln.Addr()); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// A peer's connection is taken over, and then no business of this package: it is
// not counted, and not closed at the end.
func TestPeersTakeTheirConnectionsOver(t *testing.T) {
	peer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = rw.Flush()
		go func() {
			_, _ = io.Copy(conn, rw)
			_ = conn.Close()
		}()
	})
	f := newFront(t, servertest.New(), Options{Peer: peer, Token: "secret"})
	c := f.dial()
	c.say("GET /peer HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("%v, %v", resp, err)
	}
	eventually(t, func() bool { return f.server.conns.count() == 0 })
	if err := f.stop(); err != nil {
		t.Error(err)
	}
	c.say("still here\n")
	if line, err := c.in.ReadString('\n'); line != "still here\n" {
		t.Errorf("%q, %v", line, err)
	}
}

func TestTheListenerMayBeOneForTLS(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cert, pool := selfSigned(t)
	tlsListener := tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	peer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, r.TLS != nil) })
	go func() {
		ended <- New(Options{Engine: servertest.New(), Peer: peer}).Serve(ctx, tlsListener)
	}()
	client := http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	for path, want := range map[string]string{"/v1/list/length": `{"length": 0, "applied": 1}` + "\n", "/peer": "true"} {
		resp, err := client.Get("https://" + ln.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(body) != want {
			t.Errorf("%s: %q, %v", path, body, err)
		}
	}
	plain, err := net.Dial("tcp4", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	_ = plain.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(plain, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if resp, err := http.ReadResponse(bufio.NewReader(plain), nil); err != nil || resp.StatusCode != 400 {
		t.Errorf("plain HTTP: %v, %v", resp, err)
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
