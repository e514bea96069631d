package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

// beBinary in the environment makes this test binary the real one: the cluster
// that a test starts consists of copies of it.
const beBinary = "PAXOS_TEST_BE_BINARY"

func TestMain(m *testing.M) {
	if os.Getenv(beBinary) != "" {
		breakServers()
		main()
		return
	}
	os.Setenv(beBinary, "1")
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // or with -race each child would take a second to end
	for _, env := range []string{envInterface, envCluster, envLogLevel, envKeyFile} {
		os.Unsetenv(env)
	}
	os.Exit(m.Run())
}

// call runs the program in this process.
func call(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &errOut)
	return code, out.String(), errOut.String()
}

func TestWrongUsageExitsWith2AndSaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "bad.conf", "clients 239.0.0.1 5000\ncolour blue\n")
	writeFile(t, "good.conf", testConfig)
	writeFile(t, "full/file", "x")
	cases := []struct {
		args string
		want string // in stderr
	}{
		{"accepters", `unknown command "accepters"`},
		{"acceptor", `"id" not set`},
		{"acceptor --id 0", "ids start at 1"},
		{"acceptor --id x", "--id"},
		{"acceptor --id 1 extra", "extra"},
		{"acceptor --id 1 --colour blue", "unknown flag: --colour"},
		{"acceptor --id 1 --config none.conf", "none.conf"},
		{"acceptor --id 1 --config bad.conf", "bad.conf:2: unknown key \"colour\""},
		{"acceptor --id 4 --config good.conf", "acceptor_count"},
		{"acceptor --id 4 --config good.conf --init", "--join"},
		{"acceptor --id 3 --config good.conf --join", "acceptor 3 is one of the 3"},
		{"proposer --id 3 --config good.conf --join", "unknown flag: --join"},
		{"acceptors add", "accepts 1 arg"},
		{"acceptors add four --config good.conf", `"four" is no id`},
		{"acceptors list 1", "accepts 0 arg"},
		{"acceptors list --timeout 0", "--timeout 0"},
		{"acceptors list --config none.conf", "none.conf"},
		{"acceptor --id 1 --log-level loud", "loud"},
		{"acceptor --id 1 --receive-buffer -1", "--receive-buffer"},
		{"acceptor --id 1 --checkpoint-bytes -1", "--checkpoint-bytes"},
		{"acceptor --id 1 --config good.conf --interface none0", "none0"},
		{"acceptor --id 1 --metrics everywhere", `--metrics (PAXOS_METRICS): "everywhere" is no address`},
		{"client --id 1 --metrics 65536", `"65536" is no address`},
		{"acceptor --id 1 --pprof", "--pprof needs --metrics"},
		{"acceptors list --metrics 0", "unknown flag: --metrics"},
		{"learner --id 1 --from 0", "the first value is number 1"},
		{"client --id 1 --timeout -1", "--timeout"},
		{"client --id 1 --window 0", "--window"},
		{"client --id 1 --init", "--init"},
		{"demo --values 0", "--values 0"},
		{"demo --data-dir full", "not empty"},
		{"bench --in-flight 0", "--in-flight"},
		{"bench --sizes 16,99999", "--sizes 99999"},
		{"bench --rounds 0", "--rounds 0"},
		{"bench growth --in-flight 2000", "--in-flight 2000"},
		{"bench growth --turns -1", "--turns -1"},
		{"bench growth --size 0", "--size 0"},
		{"bench growth --commands 10 --every 20", "--every 20"},
		{"bench growth --sessions 1,2000", "--sessions 2000"},
		{"bench growth --only servers,roles", "--only"},
		{"version 2", "2"},
	}
	for _, c := range cases {
		code, stdout, stderr := call(t, "", strings.Fields(c.args)...)
		if code != exitUsage || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("paxos %s: exit code %d, stdout %q, stderr %q; want 2, nothing, and %q", c.args, code, stdout, stderr, c.want)
		}
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	for _, cmd := range newRoot().Commands() {
		code, stdout, _ := call(t, "", cmd.Name(), "--help")
		if code != exitOK || !strings.Contains(stdout, "Examples:\n  ") {
			t.Errorf("paxos %s --help: exit code %d, and no example in\n%s", cmd.Name(), code, stdout)
		}
	}
}

func TestTheHelpOfARoleHasTheExitCodes(t *testing.T) {
	for _, args := range []string{"--help", "acceptor --help", "proposer --help", "learner --help", "client --help"} {
		if _, stdout, _ := call(t, "", strings.Fields(args)...); !strings.Contains(stdout, exitHelp) {
			t.Errorf("paxos %s does not tell the exit codes", args)
		}
	}
}

func TestWithoutACommandThereIsHelp(t *testing.T) {
	if code, stdout, _ := call(t, ""); code != exitOK || !strings.Contains(stdout, "paxos demo") {
		t.Errorf("exit code %d, stdout %q", code, stdout)
	}
}

func TestShellCompletionIsThere(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if code, stdout, stderr := call(t, "", "completion", shell); code != exitOK || !strings.Contains(stdout, "paxos") {
			t.Errorf("completion %s: exit code %d, %q", shell, code, stderr)
		}
	}
}

func TestACancelledRoleEndsWithoutHavingStarted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	t.Chdir(t.TempDir())
	writeFile(t, "good.conf", testConfig)
	var out, errOut bytes.Buffer
	code := run(ctx, []string{"acceptor", "--id", "1", "--config", "good.conf", "--interface", "lo", "--init"}, strings.NewReader(""), &out, &errOut)
	if code != exitOK {
		t.Errorf("exit code %d: %s", code, errOut.String())
	}
}
