package harness

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// binary returns the real binary; the first that asks builds it.
func binary(t *testing.T) string {
	t.Helper()
	file, err := builtBinary()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

var builtBinary = sync.OnceValues(func() (string, error) {
	if err := lookAtSources(); err != nil {
		return "", err
	}
	file := filepath.Join(buildDir, "paxos")
	if out, err := exec.Command("go", "build", "-o", file, "../cmd/paxos").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the binary: %w\n%s", err, out)
	}
	return file, nil
})

// lookAtSources makes go test run these tests again, instead of answering from its cache, when any source changes: it
// notes which files a test looks at, but not those of a command that the test runs.
func lookAtSources() error {
	return filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		_, err = os.Stat(path)
		return err
	})
}

// newRealPlace is a place with our own scripts and the real binary.
func newRealPlace(t *testing.T, settings ...string) *place {
	t.Helper()
	if testing.Short() {
		t.Skip("runs real processes for seconds, which -short does without")
	}
	p := newPlace(t)
	p.env = append(p.env, "PAXOS_BIN="+binary(t))
	p.outer(append([]string{"HARNESS_WAIT_PROPOSERS=1", "HARNESS_WAIT_END=0"}, settings...)...)
	return p
}

// inNamespace makes a command run in a network namespace of its own, with multicast on its loopback interface.
func inNamespace(command ...string) []string {
	setUp := `ip link set lo up && ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo && exec "$@"`
	return append([]string{"unshare", "--net", "--", "bash", "-c", setUp, "bash"}, command...)
}

// runAndJudge runs one of our scripts and check_all.sh, and shows the logs of the roles where either fails.
func (p *place) runAndJudge(command ...string) {
	p.t.Helper()
	script := filepath.Join(p.dir, "outer", command[0])
	out, err := p.command(script, command[1:]...).CombinedOutput()
	if err != nil {
		p.t.Errorf("%v: %v\n%s", command, err, out)
	}
	if out, err := p.command(filepath.Join(p.dir, "outer/check_all.sh")).CombinedOutput(); err != nil {
		p.t.Errorf("%v was judged: %v\n%s", command, err, out)
	}
	if p.t.Failed() {
		logs, _ := p.command("bash", "-c", "tail -n 20 outer/out/log/*.log").CombinedOutput()
		p.t.Logf("the logs of the roles:\n%s", logs)
	}
}

func TestRealProcessesOnLoopback(t *testing.T) {
	newRealPlace(t).runAndJudge("run.sh", "../project", "10000")
}

func TestRealProcessesWithALateLearner(t *testing.T) {
	newRealPlace(t).runAndJudge("run_catch_up.sh", "../project", "10000")
}

func TestRealProcessesWithASecondAcceptorLater(t *testing.T) {
	newRealPlace(t, "HARNESS_WAIT_END=1").runAndJudge("run_1to2acceptor.sh", "../project", "10000")
}

func TestRealProcessesUnderLoss(t *testing.T) {
	needRoot(t)
	for _, percent := range []string{"10", "50"} {
		t.Run(percent+" percent", func(t *testing.T) {
			newRealPlace(t).runAndJudge("run_loss.sh", "../project", "10000", percent)
		})
	}
}

func TestRealProcessesThatAreKilled(t *testing.T) {
	for _, what := range []string{"acceptor", "all-acceptors", "leader", "learner", "everything"} {
		t.Run(what, func(t *testing.T) {
			newRealPlace(t).runAndJudge("run_kill.sh", "../project", "100000", what)
		})
	}
}

func TestRealProcessesThatAreKilledUnderLoss(t *testing.T) {
	needRoot(t)
	newRealPlace(t, "HARNESS_RUN=run_kill.sh").runAndJudge("run_loss.sh", "../project", "20000", "10", "everything")
}

// classicRun is a run script in the style that is handed out, with shorter waits; the last one is as long as it takes
// to learn everything, for a machine may be busy with other things.
const classicRun = `#!/usr/bin/env bash

projdir="$1"
conf=` + "`pwd`" + `/paxos.conf
n="$2"
KILLCMD="pkill -f $conf"
$KILLCMD

cd $projdir
../generate.sh $n > ../prop1
../generate.sh $n > ../prop2

./acceptor.sh 1 $conf &
./acceptor.sh 2 $conf &
./acceptor.sh 3 $conf &
sleep 0.3
./learner.sh 1 $conf > ../learn1 &
./learner.sh 2 $conf > ../learn2 &
sleep 0.3
./proposer.sh 1 $conf &
./proposer.sh 2 $conf &
sleep 1.5
./client.sh 1 $conf < ../prop1 &
./client.sh 2 $conf < ../prop2 &
for _ in {1..2400}; do
    test $(cat ../learn1 ../learn2 | wc -l) -ge $((4 * n)) && break
    sleep 0.1
done
$KILLCMD
wait
cd ..
`

// TestAForeignHarnessPassesFiveTimesInARow copies the project folder, with the binary in it, into a harness that
// knows nothing of us, with the config file as it is handed out, and cleans up nothing between the runs.
func TestAForeignHarnessPassesFiveTimesInARow(t *testing.T) {
	needRoot(t)
	p := newRealPlace(t)
	p.env = withoutOurs(p.env)
	p.env = append(p.env, "TMPDIR="+p.tmp)
	p.run("cp", binary(t), "project/paxos")
	p.write("generate.sh", p.read("outer/generate.sh"))
	p.write("run.sh", classicRun)
	five := inNamespace("bash", "-c", "for i in 1 2 3 4 5; do ./run.sh project 5000; outer/check_all.sh . || exit 1; done")
	out, err := p.command(five[0], five[1:]...).CombinedOutput()
	if passed := strings.Count(string(out), "OK  "); err != nil || passed != 15 {
		t.Errorf("%v, %d checks passed of 15\n%s", err, passed, out)
	}
}
