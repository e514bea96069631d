package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paxos/internal/servers"
)

// TestMain is the example itself where a test starts it.
func TestMain(m *testing.M) {
	if os.Getenv("KV_EXAMPLE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func example(t *testing.T, address string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "--listen", address, "--peers", address, "--dir", filepath.Join(t.TempDir(), "kv"), "--init")
	cmd.Env = append(os.Environ(), "KV_EXAMPLE=1")
	return cmd
}

// ask returns the answer's status, trying again while nobody listens.
func ask(t *testing.T, method, url, body string) (status int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
			return response.StatusCode
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

func TestEachMethodDoesWhatItSays(t *testing.T) {
	addresses, err := servers.FreeAddresses(1)
	if err != nil {
		t.Fatal(err)
	}
	cmd := example(t, addresses[0])
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = cmd.Process.Kill(), cmd.Wait() }()
	half := strings.Repeat("v", 8<<10)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "sky", "blue", 204},
		{"HEAD", "sky", "", 200},
		{"POST", "sky", "black", 405},
		{"PATCH", "sky", "", 405},
		{"PUT", "sky?if=blue", "grey", 204}, // so none of these has changed it
		{"DELETE", "sky", "", 204},
		{"GET", "sky", "", 404},
		{"HEAD", "sky", "", 404},
		{"PUT", "sky", half, 204},
		{"PUT", "sky", half + "v", 413},
		{"PUT", "sky?if=" + half, half, 413},
		{"PUT", strings.Repeat("k", 16<<10), "", 413},
	} {
		if got := ask(t, c.method, fmt.Sprintf("http://%s/kv/%s", addresses[0], c.path), c.body); got != c.status {
			t.Errorf("%s %.20s: %d, want %d", c.method, c.path, got, c.status)
		}
	}
}

func TestAnAddressThatIsTakenIsAFailure(t *testing.T) {
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	if out, err := example(t, taken.Listener.Addr().String()).CombinedOutput(); err == nil || !strings.Contains(string(out), "address already in use") {
		t.Errorf("it ended with %v:\n%s", err, out)
	}
}
