package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// Histories as Jepsen prints them.
const (
	goodHistory = `{:type :invoke, :f :append, :value 7, :process 0, :time 1000000, :index 0}
{:type :info, :f :start-kill, :value "n1", :process :nemesis, :time 1500000, :index 1}
{:type :ok, :f :append, :value {:appended-value 7 :new-state [7]}, :process 0, :time 2000000, :index 2}
`
	staleHistory = goodHistory + `{:type :invoke, :f :read, :value nil, :process 1, :time 3000000, :index 3}
{:type :ok, :f :read, :value [], :process 1, :time 4000000, :index 4}
`
	unknownHistory = `{:type :invoke, :f :read, :value nil, :process 1}
{:type :ok, :f :read, :value {:length 1 :hash "00000000000000ff"}, :process 1}
{:type :invoke, :f :append, :value 7, :process 0}`
)

func TestAHistoryFromAnywhereIsChecked(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "good", goodHistory)
	writeFile(t, "stale", staleHistory)
	writeFile(t, "unknown", unknownHistory)
	writeFile(t, "bad", goodHistory+"{:type :maybe}")
	for _, c := range []struct {
		args           string
		code           int
		stdout, stderr string
	}{
		{"good", exitOK, "All checks passed. 1 operations: 1 ok", ""},
		{"-", exitOK, "All checks passed", ""},
		{"stale", exitFailed, "3      1        -     0.003000 s  0.004000 s  read       [] (empty)\n", "not linearizable"},
		{"good stale unknown", exitFailed, "stale\nA check failed", "not linearizable"},
		{"good unknown", exitUsage, "only the hash was kept", "not known"},
		{"good --model register", exitOK, "", ""},
		{"stale --model register", exitUsage, "", "it reads a register and is answered []"},
		{"good --model queue", exitUsage, "", "append register roles"},
		{"bad", exitUsage, "", "bad: read a history: line 4, column 1"},
		{"none", exitUsage, "", "none: no such file"},
		{"", exitUsage, "", "requires at least 1 arg"},
		{"good good --html x", exitUsage, "", "go with one history"},
		{"good --html none/x", exitUsage, "", "none/x"},
	} {
		code, stdout, stderr := call(t, goodHistory, strings.Fields("torture check "+c.args)...)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("check %s: exit code %d, %q, %q; want %d, %q, %q", c.args, code, stdout, stderr, c.code, c.stdout, c.stderr)
		}
	}
}

func TestACheckIsDrawnAndToldInJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "stale", staleHistory)
	code, stdout, _ := call(t, "", "torture", "check", "stale", "--json", "--html", "view.html", "--plots", "plots")
	var v struct {
		File    string
		Valid   bool
		Witness []string
	}
	ok(t, json.Unmarshal([]byte(stdout), &v))
	if code != exitFailed || v.File != "stale" || v.Valid || len(v.Witness) != 4 {
		t.Errorf("exit code %d, %s", code, stdout)
	}
	for name, want := range map[string]string{"view.html": "<html", "plots/latency.svg": "kill", "plots/rate.svg": "append ok", "plots/timeline.html": "accused"} {
		if !strings.Contains(readFile(t, name), want) {
			t.Errorf("%s: no %q in it", name, want)
		}
	}
}

func TestPastRunsAreServed(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir+"/runs/one/history.edn", goodHistory)
	out := dir + "/out"
	p := programTo(t, dir, out, "torture", "serve", "--dir", dir+"/runs")
	waitOutput(t, "the address", func() bool { return strings.HasSuffix(readFile(t, out), "/\n") })
	address := strings.TrimSpace(readFile(t, out))
	if !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Errorf("it listens at %s", address)
	}
	for path, want := range map[string]string{"": "one", "one/": "history.edn", "one/history.edn": goodHistory} {
		answer, err := http.Get(address + path)
		ok(t, err)
		text, err := io.ReadAll(answer.Body)
		ok(t, err)
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("/%s: %s, %s", path, answer.Status, text)
		}
	}
	if code := p.stop(); code != exitOK {
		t.Errorf("exit code %d: %s", code, p.stderr())
	}
}

func TestWrongUsageOfServeIsTold(t *testing.T) {
	t.Chdir(t.TempDir())
	ok(t, os.Mkdir("runs", 0o755))
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--dir none", exitUsage, "--dir: "},
		{"--dir runs --address nowhere", exitFailed, "--address nowhere"},
		{"more", exitUsage, "unknown command"},
	} {
		if code, _, stderr := call(t, "", strings.Fields("torture serve "+c.args)...); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("serve %s: exit code %d, %s", c.args, code, stderr)
		}
	}
}
