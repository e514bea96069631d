package exporter

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

func TestAPortAloneIsOneOfLoopback(t *testing.T) {
	for text, want := range map[string]string{
		"9100": "127.0.0.1:9100", ":9100": "127.0.0.1:9100", "0": "127.0.0.1:0", "0.0.0.0:9100": "0.0.0.0:9100",
		"[::]:9100": "[::]:9100", "[::1]:0": "[::1]:0", "n1.example:65535": "n1.example:65535", "localhost:1": "localhost:1",
	} {
		if got, err := ParseAddress(text); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	for _, text := range []string{
		"", ":", "n1", "n1:", "n1:http", "65536", "-1", "+80", "080", "1e3", "127.0.0.1:65536", "::1:9100", "[::1", "a b:80", "http://n1:80", "n1:80/metrics", " 80",
	} {
		if got, err := ParseAddress(text); err == nil {
			t.Errorf("%q is %q", text, got)
		} else if !strings.Contains(err.Error(), "want PORT") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// log is what an exporter logs.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serve serves until the end of the test.
func serve(t *testing.T, address string, o Options) (*Exporter, *log) {
	t.Helper()
	e, err := Listen(address)
	if err != nil {
		t.Fatal(err)
	}
	return e, e.serveIn(t, o)
}

func (e *Exporter) serveIn(t *testing.T, o Options) *log {
	l := new(log)
	o.Log = hclog.New(&hclog.LoggerOptions{Output: l, Level: hclog.Debug})
	o.Page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "paxos_x 1\n") })
	if o.Health == nil {
		o.Health = func() error { return nil }
	}
	e.Serve(o)
	t.Cleanup(e.Close)
	return l
}

var client = http.Client{Transport: &http.Transport{Proxy: nil}, Timeout: time.Minute}

func get(t *testing.T, e *Exporter, path string) (status int, text string) {
	t.Helper()
	answer, err := client.Get("http://" + e.Address() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestMetricsAndHealthAreServed(t *testing.T) {
	var sick error
	e, l := serve(t, "127.0.0.1:0", Options{Health: func() error { return sick }})
	if status, text := get(t, e, "/metrics"); status != 200 || text != "paxos_x 1\n" {
		t.Errorf("%d %q", status, text)
	}
	if status, text := get(t, e, "/healthz"); status != 200 || text != "ok\n" {
		t.Errorf("%d %q", status, text)
	}
	sick = errors.New("the disk is gone")
	if status, text := get(t, e, "/healthz"); status != 503 || text != "the disk is gone\n" {
		t.Errorf("%d %q", status, text)
	}
	for _, path := range []string{"/", "/debug/pprof/", "/debug/pprof/heap", "/v1/list", "/debug/vars"} {
		if status, text := get(t, e, path); status != 404 {
			t.Errorf("%s: %d %q", path, status, text)
		}
	}
	if answer, err := client.Post("http://"+e.Address()+"/metrics", "", nil); err != nil || answer.StatusCode != 405 {
		t.Errorf("POST: %v, %v", answer, err)
	}
	if text := l.String(); !strings.Contains(text, "serving metrics: listen="+e.Address()) || strings.Contains(text, "[WARN]") {
		t.Errorf("log: %s", text)
	}
}

func TestProfilesAreServedIfAskedFor(t *testing.T) {
	e, _ := serve(t, "127.0.0.1:0", Options{Profiles: true})
	for path, want := range map[string]string{"/debug/pprof/": "goroutine", "/debug/pprof/cmdline": "exporter", "/debug/pprof/goroutine?debug=1": "goroutine profile:", "/metrics": "paxos_x"} {
		if status, text := get(t, e, path); status != 200 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %q", path, status, text)
		}
	}
}

func TestAnAddressForOthersIsWarnedOf(t *testing.T) {
	_, l := serve(t, "0.0.0.0:0", Options{})
	if text := l.String(); !strings.Contains(text, "[WARN]") || !strings.Contains(text, "NOT PROTECTED") {
		t.Errorf("log: %s", text)
	}
}

func TestAnAddressThatIsTakenIsNamed(t *testing.T) {
	e, _ := serve(t, "127.0.0.1:0", Options{})
	if _, err := Listen(e.Address()); err == nil || !strings.Contains(err.Error(), e.Address()) || !strings.Contains(err.Error(), "another process listens there") {
		t.Errorf("%v", err)
	}
	if _, err := Listen("192.0.2.1:9100"); err == nil || !strings.Contains(err.Error(), "no address of this host") {
		t.Errorf("%v", err)
	}
	e.Close()
	again, err := Listen(e.Address())
	if err != nil {
		t.Fatalf("after it was closed: %v", err)
	}
	again.Close()
}

// Connections that say nothing are dropped, so that they do not keep scrapes out.
func TestSilentConnectionsAreDropped(t *testing.T) {
	e, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e.patience = 500 * time.Millisecond
	e.serveIn(t, Options{})
	for range connections + 8 {
		c, err := net.Dial("tcp", e.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	for end := time.Now().Add(time.Minute); ; {
		answer, err := client.Get("http://" + e.Address() + "/metrics") // it has half a second as well
		if err == nil {
			answer.Body.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("beside silent connections: %v", err)
		}
	}
}

func TestHeadersWithoutEndAreRefused(t *testing.T) {
	e, _ := serve(t, "127.0.0.1:0", Options{})
	request, err := http.NewRequest("GET", "http://"+e.Address()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X", strings.Repeat("x", 64<<10))
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 64 KiB: %d", answer.StatusCode)
	}
}

func TestNobodyListensForANilExporter(t *testing.T) {
	var e *Exporter
	e.Serve(Options{})
	e.Close()
}
