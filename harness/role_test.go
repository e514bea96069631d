package harness

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// started returns the one start whose role and id are given, after from starts.
func started(t *testing.T, starts []start, role, id string) start {
	t.Helper()
	for _, s := range starts {
		if s.Role == role && s.flag("--id") == id {
			return s
		}
	}
	t.Fatalf("no %s %s among %v", role, id, starts)
	return start{}
}

func TestHoweverAScriptStartsItsRolesTheyShareOneRun(t *testing.T) {
	need(t, "setsid", "timeout")
	p := newFakePlace(t)
	p.script("helper.sh", `./learner.sh 3 "$CONF" &`)
	p.script("one.sh", `"./$1.sh" "$2" "$3" & wait`)
	p.run(p.script("run.sh", `
../one.sh proposer 4 "$CONF" &                  # a script of its own, for one role
while [[ $(wc -l <../starts) != 1 ]]; do sleep 0.01; done 2>/dev/null
(./acceptor.sh 1 "$CONF" &)                     # its parent is gone before it can look
./acceptor.sh 2 "$CONF" &
( cd /; "$PROJECT/acceptor.sh" 3 "$CONF" ) &
timeout 60 ./learner.sh 1 "$CONF" &
sh -c './learner.sh 2 "$CONF"; true' &
setsid ./proposer.sh 1 "$CONF" &
(./proposer.sh 3 "$CONF" & wait) &              # below a subshell that stays
( (sleep 0.1; ./proposer.sh 2 "$CONF" & ) & )
while [[ $(wc -l <../starts) != 9 ]]; do sleep 0.01; done
bash ../helper.sh                               # a script that knows the config file by itself
while [[ $(wc -l <../starts) != 10 ]]; do sleep 0.01; done
echo 17 | ./client.sh 1 "$CONF"
pkill -f "$CONF"
wait
true
`))
	starts := readStarts(t, p.dir)
	if len(starts) != 11 {
		t.Fatalf("%d roles were started, want 11: %v", len(starts), starts)
	}
	key := started(t, starts, "client", "1").flag("--run-key")
	if key == "" {
		t.Error("the client got no run key")
	}
	for _, s := range starts {
		want := ""
		if s.Role != "client" {
			want = filepath.Join(p.runFolders()[0], s.Role+"-"+s.flag("--id"))
		}
		if s.flag("--run-key") != key || s.flag("--data-dir") != want {
			t.Errorf("%s %s: run key %q in %q, want %q in %q", s.Role, s.flag("--id"), s.flag("--run-key"),
				s.flag("--data-dir"), key, want)
		}
	}
	if folders := p.runFolders(); len(folders) != 1 {
		t.Errorf("there are the run folders %v, want one", folders)
	}
}

func TestAKilledRoleFindsItsFolderAgain(t *testing.T) {
	p := newFakePlace(t)
	p.run(p.script("run.sh", `
./acceptor.sh 1 "$CONF" & acceptor=$!
while [[ $(wc -l <../starts) != 1 ]]; do sleep 0.01; done 2>/dev/null
kill -9 $acceptor; wait $acceptor
(./acceptor.sh 1 "$CONF" &)
while [[ $(wc -l <../starts) != 2 ]]; do sleep 0.01; done
pkill -f "$CONF"
`))
	starts := readStarts(t, p.dir)
	first, second := starts[0], starts[1]
	if first.flag("--data-dir") != second.flag("--data-dir") || first.flag("--run-key") != second.flag("--run-key") {
		t.Errorf("started again with %v, first with %v", second.Args, first.Args)
	}
	if !first.has("--init") || second.has("--init") {
		t.Errorf("--init belongs to the first start only: %v, then %v", first.Args, second.Args)
	}
}

func TestARoleThatWasKilledWhileItMadeItsStoreMakesItAgain(t *testing.T) {
	p := newFakePlace(t)
	p.env = append(p.env, "PAXOS_DATA="+p.dir)
	run := p.script("run.sh", oneAcceptor)
	p.run(run)
	if err := os.Remove(filepath.Join(p.dir, "acceptor-1", identityName)); err != nil {
		t.Fatal(err)
	}
	p.run(run)
	if second := readStarts(t, p.dir)[1]; !second.has("--init") {
		t.Errorf("started with %v", second.Args)
	}
}

// oneAcceptor is a run in which the acceptor's pid must be that of the shell's own child: exec all the way.
const oneAcceptor = `
./acceptor.sh 1 "$CONF" & echo $!
until grep -q '"Pid":'$! ../starts; do sleep 0.01; done 2>/dev/null
pkill -f "$CONF"; wait $!
`

func TestALaterRunStartsEmptyAndTheEarlierOneIsRemoved(t *testing.T) {
	p := newFakePlace(t)
	run := p.script("run.sh", oneAcceptor)
	keys := map[string]bool{}
	for i := range 3 {
		p.run(run)
		last := readStarts(t, p.dir)[i]
		keys[last.flag("--run-key")] = true
		if !last.has("--init") {
			t.Errorf("run %d found a disk: %v", i+1, last.Args)
		}
		if folders := p.runFolders(); len(folders) != 1 {
			t.Errorf("after run %d there are %v, want the folder of this run only", i+1, folders)
		}
	}
	if len(keys) != 3 {
		t.Errorf("three runs had the keys %v", keys)
	}
}

func TestNoWrapperStaysBehindARole(t *testing.T) {
	p := newFakePlace(t)
	pid := strings.TrimSpace(p.run(p.script("run.sh", oneAcceptor)))
	if got := readStarts(t, p.dir)[0].Pid; pid == "" || pid != strconv.Itoa(got) {
		t.Errorf("the shell's child was %s, the role is %d", pid, got)
	}
}

func TestALivingRunIsLeftAloneByAnother(t *testing.T) {
	p := newFakePlace(t)
	long := p.command(p.script("long.sh", `./acceptor.sh 1 "$CONF" & read -r _; kill $!; wait`))
	stdin, err := long.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := long.Start(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(p.waitStarts(1)[0].flag("--data-dir"))
	other := p.write("other.conf", classicConfig)
	p.run(p.script("short.sh", strings.ReplaceAll(oneAcceptor, `"$CONF"`, other)))
	if _, err := os.Stat(folder); err != nil {
		t.Errorf("the living run lost its folder: %v", err)
	}
	_ = stdin.Close()
	if err := long.Wait(); err != nil {
		t.Fatal(err)
	}
	p.run("bash", "project/role.sh", "clean")
	if folders := p.runFolders(); len(folders) != 0 {
		t.Errorf("after both ended and a clean-up there are %v", folders)
	}
}

// interactive types the lines into an interactive shell on a terminal.
func (p *place) interactive(lines string) {
	p.t.Helper()
	need(p.t, "script")
	cmd := p.command("script", "-qec", "bash --norc -i", "/dev/null")
	cmd.Stdin = strings.NewReader("cd \"$PROJECT\"\n" + lines + "\nexit 0\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("script: %v\n%s", err, out)
	}
}

func TestStartedByHandARoleKeepsItsDataNextToTheConfig(t *testing.T) {
	p := newFakePlace(t)
	typed := `(timeout -s TERM 60 ./acceptor.sh 1 ../paxos.conf & pid=$!
until grep -c . ../starts | grep -qx WANT; do sleep 0.01; done 2>/dev/null; kill $pid; wait $pid)`
	p.interactive(strings.ReplaceAll(typed, "WANT", "1"))
	p.interactive(strings.ReplaceAll(typed, "WANT", "2"))
	starts := readStarts(t, p.dir)
	if len(starts) != 2 {
		t.Fatalf("started %v, want two", starts)
	}
	for i, s := range starts {
		if s.flag("--run-key") != "" || s.flag("--data-dir") != filepath.Join(p.dir, "paxos-data", "acceptor-1") {
			t.Errorf("start %d: %v", i+1, s.Args)
		}
		if s.has("--init") != (i == 0) {
			t.Errorf("start %d: --init belongs to the first one only: %v", i+1, s.Args)
		}
	}
	if folders := p.runFolders(); len(folders) != 0 {
		t.Errorf("run folders %v, want none", folders)
	}
}

func TestARoleStartedByHandJoinsARunThatLives(t *testing.T) {
	p := newFakePlace(t)
	long := p.command(p.script("long.sh", `./acceptor.sh 1 "$CONF" & read -r _; pkill -f "$CONF"; wait`))
	stdin, err := long.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := long.Start(); err != nil {
		t.Fatal(err)
	}
	p.waitStarts(1)
	p.interactive(`(./acceptor.sh 2 "$CONF" & until grep -c . ../starts | grep -qx 2; do sleep 0.01; done)`)
	starts := p.waitStarts(2)
	if starts[0].flag("--run-key") != starts[1].flag("--run-key") {
		t.Errorf("by hand: %v; by the run: %v", starts[1].Args, starts[0].Args)
	}
	_ = stdin.Close()
	if err := long.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestPaxosDataNamesTheFolder(t *testing.T) {
	p := newFakePlace(t)
	data := filepath.Join(p.dir, "some where")
	p.env = append(p.env, "PAXOS_DATA="+data)
	run := p.script("run.sh", oneAcceptor)
	p.run(run)
	p.run(run)
	for i, s := range readStarts(t, p.dir) {
		if s.flag("--data-dir") != filepath.Join(data, "acceptor-1") || s.has("--run-key") || s.has("--init") != (i == 0) {
			t.Errorf("run %d: %v", i+1, s.Args)
		}
	}
}

func TestTheInterfaceIsLoopbackUnlessNamed(t *testing.T) {
	for _, c := range []struct{ name, env, config, want string }{
		{"nothing named", "", classicConfig, "lo"},
		{"by the environment", "PAXOS_INTERFACE=eth7", classicConfig, ""},
		{"by the config", "", classicConfig + "\tinterface eth7", ""},
		{"in a comment", "", classicConfig + "# interface eth7\n", "lo"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newFakePlace(t)
			p.write("paxos.conf", c.config)
			p.env = append(p.env, c.env)
			p.run(p.script("run.sh", oneAcceptor))
			if got := readStarts(t, p.dir)[0].flag("--interface"); got != c.want {
				t.Errorf("--interface %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheBinaryIsFoundBesideTheScriptsOrInPath(t *testing.T) {
	p := newPlace(t)
	echo := "#!/bin/sh\necho \"found $0\"\n"
	acceptor := p.script("run.sh", `./acceptor.sh 1 "$CONF"`)

	bare := p.command(acceptor)
	bare.Env = append(bare.Env, "PATH=/usr/bin:/bin")
	if out, err := bare.CombinedOutput(); err == nil || !strings.Contains(string(out), "PAXOS_BIN") {
		t.Errorf("without a binary: %v, %s", err, out)
	}
	inPath := p.write("paxos", echo)
	p.env = append(p.env, "PATH="+p.dir+":/usr/bin:/bin")
	if out := p.run(acceptor); !strings.Contains(out, "found "+inPath) {
		t.Errorf("in PATH: %s", out)
	}
	beside := p.write("project/paxos", echo)
	if out := p.run(acceptor); !strings.Contains(out, "found "+beside) {
		t.Errorf("beside the scripts: %s", out)
	}
	named := p.write("named", echo)
	p.env = append(p.env, "PAXOS_BIN="+named)
	if out := p.run(acceptor); !strings.Contains(out, "found "+named) {
		t.Errorf("by PAXOS_BIN: %s", out)
	}
}

func TestASourceTreeWithoutABinarySaysHowToBuildIt(t *testing.T) {
	p := newPlace(t)
	for _, dir := range []string{"cmd/paxos", "harness"} {
		if err := os.MkdirAll(filepath.Join(p.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.write("go.mod", "module paxos\n")
	if err := os.Rename(p.project, filepath.Join(p.dir, "harness", "paxos")); err != nil {
		t.Fatal(err)
	}
	cmd := p.command(filepath.Join(p.dir, "harness/paxos/acceptor.sh"), "1", p.conf)
	cmd.Env = append(cmd.Env, "PATH=/usr/bin:/bin")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "make build") {
		t.Errorf("%v, %s", err, out)
	}
}

func TestScriptsWorkThroughLinks(t *testing.T) {
	p := newFakePlace(t)
	linked := filepath.Join(p.dir, "linked")
	if err := os.Symlink(p.project, linked); err != nil {
		t.Fatal(err)
	}
	apart := filepath.Join(p.dir, "apart")
	if err := os.Mkdir(apart, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(p.project, "acceptor.sh"), filepath.Join(apart, "acceptor.sh")); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{linked, apart} {
		p.env = append(p.env, "PROJECT="+folder)
		p.run(p.script("run.sh", oneAcceptor))
	}
	if starts := readStarts(t, p.dir); len(starts) != 2 || !starts[0].has("--run-key") || !starts[1].has("--run-key") {
		t.Errorf("started %v", starts)
	}
}

func TestWrongArgumentsAreNamed(t *testing.T) {
	p := newFakePlace(t)
	for _, args := range [][]string{{}, {"1"}, {"0", p.conf}, {"x", p.conf}, {"1", "/no/such.conf"}} {
		out, err := p.command(filepath.Join(p.project, "acceptor.sh"), args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || len(out) == 0 {
			t.Errorf("acceptor.sh %v: %v, %q; want exit code 2 and a message", args, err, out)
		}
	}
}
