package report

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes a file below a folder.
func write(t *testing.T, text string, parts ...string) {
	t.Helper()
	name := filepath.Join(parts...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// pastRuns has three runs, and some things that are none.
func pastRuns(t *testing.T) *httptest.Server {
	t.Helper()
	dir := t.TempDir()
	const verdict = `{"valid":false,"model":"append","checks":[{"name":"linearizable","valid":false}],"counts":{"operations":7},"explanation":"Not <b>linearizable</b>:",
"witness":["{:type :invoke, :f :read, :process 0, :time 1}","{:type :ok, :f :read, :process 0, :value [1 \"<script>\"], :time 2}"],"rate":12.5}`
	write(t, `{"workload":"append","nemesis":["kill","<i>"],"began":"2024-01-02T03:04:05Z"}`, dir, "runs", "old", ConfigFile)
	write(t, verdict, dir, "runs", "old", VerdictFile)
	write(t, "<svg/>", dir, "runs", "old", LatencyFile)
	write(t, "a log with <b>", dir, "runs", "old", "logs", "n1.log")
	write(t, "a secret", dir, "runs", "old", "cluster", "n1", "store")
	write(t, `{"workload":"roles","began":"2025-01-02T03:04:05Z"}`, dir, "runs", "new", ConfigFile)
	write(t, `{"valid":tru`, dir, "runs", "new", VerdictFile)
	write(t, "", dir, "runs", "bare run?", HistoryFile)
	write(t, "", dir, "runs", "no-run", "x")
	write(t, "", dir, "runs", "file")
	write(t, "outside", dir, "outside")
	for _, link := range []string{"old/" + RateFile, "link"} {
		if err := os.Symlink("../../outside", filepath.Join(dir, "runs", link)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(filepath.Join(dir, "runs"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	s := httptest.NewServer(NewHandler(root.FS()))
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, s *httptest.Server, path string) (int, string, http.Header) {
	t.Helper()
	r, err := http.Get(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text), r.Header
}

func TestPastRunsAreListedNewestFirst(t *testing.T) {
	s := pastRuns(t)
	code, text, header := get(t, s, "/")
	bare, young, old := strings.Index(text, `"./bare%20run%3F/"`), strings.Index(text, `"./new/"`), strings.Index(text, `"./old/"`)
	if code != 200 || bare < 0 || young < bare || old < young {
		t.Errorf("%d, places %d, %d and %d in\n%s", code, bare, young, old, text)
	}
	for _, want := range []string{"a check failed", "no verdict", "kill, &lt;i&gt;", "<td>7</td>"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "no-run") || strings.Contains(text, "link") {
		t.Errorf("what is no run is listed:\n%s", text)
	}
	if header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("headers %v", header)
	}
}

func TestARunIsShownWithItsPlotsAndFiles(t *testing.T) {
	s := pastRuns(t)
	code, text, _ := get(t, s, "/old/")
	if code != 200 {
		t.Fatal(code, text)
	}
	for _, want := range []string{`<img src="./latency.svg"`, "Not &lt;b&gt;linearizable", "&lt;script&gt;", `<a href="./logs/n1.log">`, `<td class="name">rate</td><td>12.5</td>`, "FAILED"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for path, kind := range map[string]string{"/old/latency.svg": "image/svg+xml", "/old/logs/n1.log": "text/plain; charset=utf-8", "/old/verdict.json": "application/json", "/bare%20run%3F/history.edn": "text/plain; charset=utf-8"} {
		if code, text, header := get(t, s, path); code != 200 || header.Get("Content-Type") != kind {
			t.Errorf("%s: %d, %s, %q", path, code, header.Get("Content-Type"), text)
		}
	}
}

func TestNothingElseIsShown(t *testing.T) {
	s := pastRuns(t)
	for _, path := range []string{
		"/none/", "/none/config.json", "/no-run/", "/no-run/x", "/file/", "/link/", "/old/none", "/old/logs/", "/old/cluster/n1/store",
		"/old/rate.svg", "/old/..%2f..%2foutside", "/..%2foutside/", "/old/%2e%2e/%2e%2e/outside", "/%2e%2e/outside", "/old//config.json/", "/old/logs/..%2f..%2f..%2foutside", "/old/%00", "/old%2flogs/",
	} {
		if code, text, _ := get(t, s, path); code == 200 || strings.Contains(text, "outside") || strings.Contains(text, "secret") {
			t.Errorf("%s: %d\n%s", path, code, text)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		r, err := http.NewRequest(method, s.URL+"/old/", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %s", method, answer.Status)
		}
	}
}
