package stream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"paxos/protocol"
)

// selfSigned returns a configuration for both ends, with a certificate of
// 127.0.0.1 that only its holders trust.
func selfSigned(t testing.TB) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		RootCAs:      pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}
}

func startTLS(t testing.TB, o Options, config *tls.Config) *server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Dial = DialTLS(config)
	return startOn(t, o, tls.NewListener(listener, config))
}

func TestDatagramsTravelOverTLSBothWays(t *testing.T) {
	config := selfSigned(t)
	a, b := startTLS(t, options(1), config), startTLS(t, options(2), config)
	acquaint(t, a, b)
	sent := randomDatagrams(100)
	for _, way := range [][2]*server{{a, b}, {b, a}} {
		go sendAll(way[0], sent)
		if got := receive(t, way[1], len(sent)); !sameDatagrams(got, sent) {
			t.Error("other datagrams arrived")
		}
	}
}

func TestOverTLSARemovedPeerIsCutOffAndCloseEndsEverything(t *testing.T) {
	config := selfSigned(t)
	files := openFiles(t)
	a, b := startTLS(t, options(1), config), startTLS(t, options(2), config)
	acquaint(t, a, b)
	a.SetPeers(nil)
	eventually(t, "b is cut off", func() bool { return !b.Peers()[0].Connected })
	acquaint(t, a, b)
	a.stop()
	b.stop()
	eventually(t, "all files are closed", func() bool { return openFiles(t) <= files })
}

func TestWhoHasAnotherCertificateIsNotLetIn(t *testing.T) {
	a, b := startTLS(t, options(1), selfSigned(t)), startTLS(t, options(2), selfSigned(t))
	for _, s := range []*server{a, b} {
		s.SetPeers(map[protocol.NodeID]string{1: a.address, 2: b.address})
	}
	eventually(t, "both know why", func() bool {
		return strings.Contains(a.Peers()[0].LastError, "certificate") && strings.Contains(b.Peers()[0].LastError, "certificate")
	})
}
