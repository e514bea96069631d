package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/internal/servers"
)

// authority signs certificates, in files of a folder.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign(name, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// issue makes NAME.pem and NAME.key of a certificate for 127.0.0.1.
func (a *authority) issue(name string) (cert, key string) {
	a.t.Helper()
	a.sign(name, &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	return a.path(name + ".pem"), a.path(name + ".key")
}

func (a *authority) path(file string) string { return filepath.Join(a.dir, file) }

// sign makes a certificate; the first one signs itself.
func (a *authority) sign(name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(a.t, err)
	c.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	ok(a.t, err)
	c.Subject = pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := c, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	ok(a.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ok(a.t, err)
	a.write(name+".pem", "CERTIFICATE", der)
	a.write(name+".key", "PRIVATE KEY", private)
	made, err := x509.ParseCertificate(der)
	ok(a.t, err)
	return made, key
}

func (a *authority) write(file, kind string, der []byte) {
	ok(a.t, os.WriteFile(a.path(file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// pool is the authority's certificate, as those have it who believe it.
func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

func tokenFile(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	writeFile(t, path, token+"\n")
	return path
}

func TestWithTLSAndATokenNobodyElseIsServed(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	cert, key := ours.issue("server")
	token := tokenFile(t, "secret")
	s := serve(t, servers.Options{
		Args: []string{"--tls-cert", cert, "--tls-key", key, "--peer-ca", ours.path("ours.pem"), "--token-file", token},
		TLS:  &tls.Config{RootCAs: ours.pool()}, Token: "secret",
	})
	right := []string{"--tls-ca", ours.path("ours.pem"), "--token-file", token}
	for n, want := range []string{"[0]\n", "[0, 1]\n", "[0, 1, 2]\n"} { // each server reaches the others
		if got := s.paxos(append([]string{"append", s.File(), big.NewInt(int64(n)).String(), "--server", big.NewInt(int64(n + 1)).String()}, right...)...); got != want {
			t.Errorf("append printed %q, want %q", got, want)
		}
	}
	if got := s.paxos(append([]string{"list", s.File()}, right...)...); got != "0\n1\n2\n" {
		t.Errorf("the list is %q", got)
	}
	for name, c := range map[string]struct{ args, want string }{
		"no token":             {"--tls-ca " + right[1], "token"},
		"a wrong token":        {"--tls-ca " + right[1] + " --token-file " + tokenFile(t, "guess"), "token"},
		"a wrong authority":    {"--tls-ca " + theirs.path("theirs.pem") + " --token-file " + token, "certificate"},
		"the system's":         {"--tls --token-file " + token, "certificate"},
		"no TLS":               {"--token-file " + token, ""},
		"no token, list":       {"--tls-ca " + right[1] + " --list", "token"},
		"wrong authority,list": {"--tls-ca " + theirs.path("theirs.pem") + " --token-file " + token + " --list", "certificate"},
	} {
		args := []string{"append", s.File(), "9", "--timeout", "60"}
		flags, list := strings.CutSuffix(c.args, " --list")
		if list {
			args = []string{"list", s.File(), "--timeout", "2"}
		}
		code, stdout, stderr := call(t, "", append(args, strings.Fields(flags)...)...)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want 1 and %q", name, code, stdout, stderr, c.want)
		}
	}
	if got := s.paxos(append([]string{"list", s.File()}, right...)...); got != "0\n1\n2\n" {
		t.Errorf("after all that, the list is %q", got)
	}
	s.peersOnly(ours, theirs)
}

// peersOnly checks who is let in where servers meet.
func (s serving) peersOnly(ours, theirs *authority) {
	s.t.Helper()
	peer := func(name string, a *authority) (int, error) {
		config := &tls.Config{RootCAs: ours.pool()}
		if a != nil {
			cert, key := a.issue("peer")
			pair, err := tls.LoadX509KeyPair(cert, key)
			ok(s.t, err)
			// It is shown even if the server says that it will not believe it.
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		transport := &http.Transport{TLSClientConfig: config}
		defer transport.CloseIdleConnections()
		answer, err := (&http.Client{Transport: transport}).Get(s.URL(1, "/peer"))
		if err != nil {
			return 0, err
		}
		return answer.StatusCode, answer.Body.Close()
	}
	if status, err := peer("nobody", nil); err != nil || status != http.StatusForbidden {
		s.t.Errorf("a peer without a certificate: %d, %v", status, err)
	}
	if status, err := peer("a stranger", theirs); err == nil {
		s.t.Errorf("a peer with a strange certificate: %d", status)
	}
	if status, err := peer("one of us", ours); err != nil || status != http.StatusUpgradeRequired {
		s.t.Errorf("a peer with our certificate: %d, %v; want to be asked to upgrade", status, err)
	}
}

func TestAServerWithAStrangeCertificateDoesNotTakePart(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	cert, key := ours.issue("server")
	secured := func(cert, key string, a *authority) []string {
		return []string{"--tls-cert", cert, "--tls-key", key, "--peer-ca", a.path(a.cert.Subject.CommonName + ".pem")}
	}
	s := serve(t, servers.Options{Args: secured(cert, key, ours), TLS: &tls.Config{RootCAs: ours.pool()}})
	ok(t, s.Kill(3))
	cert, key = theirs.issue("server")
	ok(t, s.Start(3, secured(cert, key, theirs)...)) // the last flag of a name counts
	ok(t, s.Wait(s.ctx, "server 3 to be refused", func() bool {
		log, err := os.ReadFile(s.LogPath(3))
		return err == nil && bytes.Contains(log, []byte("a peer is not connected"))
	}))
	s.led()
	ok(t, s.Kill(2))
	code, _, stderr := call(t, "", "append", s.File(), "1", "--server", "1", "--timeout", "1", "--tls-ca", ours.path("ours.pem"))
	if code != exitFailed {
		t.Errorf("server 1 found a majority with a stranger: exit code %d, %s", code, stderr)
	}
	ok(t, s.Start(2))
	s.led()
	if got := s.paxos("append", s.File(), "2", "--server", "1", "--tls-ca", ours.path("ours.pem"), "--quiet"); got != "0\n" && got != "1\n" {
		t.Errorf("with server 2 again: %q", got)
	}
}

func TestAServerDoesNotTalkToAPeerWithAStrangeCertificate(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	cert, key := ours.issue("server")
	c, err := servers.New(servers.Options{
		Dir: t.TempDir(), Args: []string{"--tls-cert", cert, "--tls-key", key, "--peer-ca", ours.path("ours.pem")},
	})
	ok(t, err)
	t.Cleanup(c.Close)
	cert, key = theirs.issue("server")
	pair, err := tls.LoadX509KeyPair(cert, key)
	ok(t, err)
	l, err := net.Listen("tcp", c.Address(2))
	ok(t, err)
	defer l.Close()
	ok(t, c.Start(1))
	conn, err := l.Accept()
	ok(t, err)
	defer conn.Close()
	err = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}}).HandshakeContext(t.Context())
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("the handshake ended with %v; want that the certificate was refused", err)
	}
}

func TestWhatIsOpenIsSaidLoudlyUnlessItIsLoopback(t *testing.T) {
	a := newAuthority(t, "ours")
	cert, key := a.issue("server")
	for _, c := range []struct {
		flags securityFlags
		ip    string
		want  []string
	}{
		{securityFlags{}, "127.0.0.1", nil},
		{securityFlags{}, "::1", nil},
		{securityFlags{}, "10.0.0.1", []string{"TLS IS OFF", "SERVERS ARE NOT", "CLIENTS ARE NOT"}},
		{securityFlags{}, "::", []string{"TLS IS OFF", "SERVERS ARE NOT", "CLIENTS ARE NOT"}},
		{securityFlags{tokenFile: tokenFile(t, "x")}, "::", []string{"TLS IS OFF", "SERVERS ARE NOT"}},
		{securityFlags{cert: cert, key: key}, "::", []string{"SERVERS ARE NOT", "CLIENTS ARE NOT"}},
		{securityFlags{cert: cert, key: key, peerCA: a.path("ours.pem"), tokenFile: tokenFile(t, "x")}, "::", nil},
	} {
		c.flags.maxConnections = 10
		s, err := c.flags.load()
		ok(t, err)
		var log bytes.Buffer
		s.warn(hclog.New(&hclog.LoggerOptions{Output: &log}), &net.TCPAddr{IP: net.ParseIP(c.ip), Port: 1})
		if strings.Count(log.String(), "[WARN]") != len(c.want) {
			t.Errorf("%+v on %s: %s", c.flags, c.ip, log.String())
		}
		for _, want := range c.want {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%+v on %s says no %q: %s", c.flags, c.ip, want, log.String())
			}
		}
	}
}
