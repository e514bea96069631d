package harness

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// quick are the settings for runs that wait no longer than they must.
var quick = []string{
	"HARNESS_WAIT_ACCEPTORS=0.1", "HARNESS_WAIT_LEARNERS=0.1", "HARNESS_WAIT_PROPOSERS=0.3", "HARNESS_WAIT_END=0.3",
}

// outer copies our own scripts into the place, and returns their folder.
func (p *place) outer(settings ...string) string {
	p.t.Helper()
	folder := filepath.Join(p.dir, "outer")
	if err := os.Mkdir(folder, 0o755); err != nil {
		p.t.Fatal(err)
	}
	scripts, err := filepath.Glob("*.sh")
	if err != nil {
		p.t.Fatal(err)
	}
	for _, script := range scripts {
		content, err := os.ReadFile(script)
		if err != nil {
			p.t.Fatal(err)
		}
		p.write(filepath.Join("outer", script), string(content))
	}
	p.env = append(append(p.env, quick...), settings...)
	return folder
}

func TestEveryRunEndsWellAndIsJudgedSo(t *testing.T) {
	for _, c := range []struct{ name, script, more, want string }{
		{"plain", "run.sh", "", "learn2: 200 values"},
		{"two acceptors", "run_2acceptor.sh", "", "learn2: 200 values"},
		{"a second acceptor later", "run_1to2acceptor.sh", "", "nothing was learned without a majority"},
		{"a late learner", "run_catch_up.sh", "", "learn3: 200 values"},
		{"kills", "run_kill.sh", "everything learner leader", "kill -9 proposer 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newFakePlace(t)
			outer := p.outer("HARNESS_KILL_DOWN=0.1")
			args := append([]string{"../project", "100"}, strings.Fields(c.more)...)
			if out := p.run(filepath.Join(outer, c.script), args...); !strings.Contains(out, c.want) {
				t.Errorf("the run printed no %q:\n%s", c.want, out)
			}
			if out := p.run(filepath.Join(outer, "check_all.sh")); strings.Count(out, "OK  ") < 3 {
				t.Errorf("the judge said:\n%s", out)
			}
		})
	}
}

func TestOneAcceptorIsARunInWhichNothingIsLearned(t *testing.T) {
	p := newFakePlace(t)
	out := p.run(filepath.Join(p.outer(), "run_1acceptor.sh"), "../project", "100")
	if !strings.Contains(out, "OK    nothing was learned") {
		t.Errorf("the run printed:\n%s", out)
	}
}

func TestALearnedValueWithoutAMajorityIsAFailure(t *testing.T) {
	p := newFakePlace(t)
	outer := p.outer()
	// However slow this machine is: the run is not judged before something was learned.
	learned := `for _ in {1..2400}; do [[ -s $out/learn1 ]] && break; sleep 0.05; done`
	script := p.write("outer/two.sh", strings.NewReplacer(
		"acceptors=1", "acceptors=2", "check_nothing_learned", learned+"\ncheck_nothing_learned",
	).Replace(p.read("outer/run_1acceptor.sh")))
	if out, err := p.command(script, "../project", "100").CombinedOutput(); err == nil {
		t.Errorf("in %s two acceptors learned something, and the run passed:\n%s", outer, out)
	}
}

func TestARoleThatDiesByItselfIsAFailure(t *testing.T) {
	p := newFakePlace(t)
	outer := p.outer()
	p.write("project/proposer.sh", "#!/bin/sh\necho 'no disk' >&2; touch \"dead-$1\"; exit 4\n")
	// However slow this machine is: the run goes on when both are dead.
	p.write("project/client.sh", "#!/bin/sh\nuntil test -e dead-1 -a -e dead-2; do sleep 0.01; done\n"+
		strings.TrimPrefix(p.read("project/client.sh"), "#!/usr/bin/env bash\n"))
	out, err := p.command(filepath.Join(outer, "run.sh"), "../project", "100").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "exit code 4") || !strings.Contains(string(out), "no disk") {
		t.Errorf("%v\n%s", err, out)
	}
}

// A role that was just started is a copy of the script for a moment, in which pkill -f cannot find it. Here the moment
// lasts: going into the project folder takes its time.
func TestARoleThatIsJustStartingEndsWithTheRun(t *testing.T) {
	p := newFakePlace(t)
	outer := p.outer()
	p.env = append(p.env, `BASH_FUNC_cd%%=() { sleep 0.5; builtin cd "$@"; }`)
	script := p.write("outer/late.sh", strings.ReplaceAll(p.read("outer/run.sh"), "\nfinish", "\nstart 'learner 3'\nend_roles TERM\nexit $failures"))
	if out, err := p.command(script, "../project", "0").CombinedOutput(); err != nil {
		t.Errorf("in %s: %v\n%s", outer, err, out)
	}
}

func (p *place) read(name string) string {
	p.t.Helper()
	content, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(content)
}

func TestTheJudgeFindsWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, prop1, learn1, learn2, killed, fails string }{
		{"all well", "1\n2\n2\n", "2\n1\n2\n", "2\n1\n2\n", "2\n1", ""},
		{"another order", "1\n2\n", "1\n2\n", "2\n1\n", "", "same order"},
		{"one list is shorter", "1\n2\n", "1\n2\n", "1\n", "", "same order|were learned"},
		{"a value from nowhere", "1\n", "1\n3\n", "1\n3\n", "", "no client sent"},
		{"a value learned twice", "1\n2\n", "1\n2\n1\n", "1\n2\n1\n", "", "no client sent"},
		{"a lost value", "1\n2\n", "1\n", "1\n", "", "were learned"},
		{"a lost value that another one equals", "1\n1\n", "1\n", "1\n", "", "were learned"},
		{"nothing learned", "1\n", "", "", "", "were learned"},
		{"another list after a restart", "1\n2\n", "1\n2\n", "1\n2\n", "2\n", "same list again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			outer := p.outer()
			files := map[string]string{"prop1": c.prop1, "learn1": c.learn1, "learn2": c.learn2}
			if c.killed != "" {
				files["learn2.killed1"] = c.killed
			}
			for name, content := range files {
				p.write(name, content)
			}
			out, err := p.command(filepath.Join(outer, "check_all.sh"), p.dir).Output()
			if (err != nil) != (c.fails != "") {
				t.Errorf("the judge ended with %v", err)
			}
			if failed := failedClaims(string(out)); !slices.EqualFunc(failed, wantClaims(c.fails), strings.Contains) {
				t.Errorf("failed are %q, want %q", failed, wantClaims(c.fails))
			}
		})
	}
}

// failedClaims returns the claims that the judge found wrong, in its order.
func failedClaims(report string) (claims []string) {
	for line := range strings.Lines(report) {
		if claim, failed := strings.CutPrefix(line, "FAIL"); failed {
			claims = append(claims, strings.TrimSpace(claim))
		}
	}
	return claims
}

// wantClaims splits "a|b".
func wantClaims(claims string) []string {
	if claims == "" {
		return nil
	}
	return strings.Split(claims, "|")
}

func TestTheGeneratorPrintsRandomNumbers(t *testing.T) {
	p := newPlace(t)
	generate := filepath.Join(p.outer(), "generate.sh")
	values := strings.Fields(p.run(generate, "10000"))
	different := map[string]bool{}
	for _, v := range values {
		if len(v) > 5 || len(v) == 5 && v > "32767" {
			t.Fatalf("generated %s, want 0 to 32767", v)
		}
		different[v] = true
	}
	// 10,000 draws of 32,768 numbers hit about 8,600 of them.
	if len(values) != 10000 || len(different) < 8000 {
		t.Errorf("%d values, %d different ones", len(values), len(different))
	}
	if first, second := p.run(generate, "5", "7"), p.run(generate, "5", "7"); first != second {
		t.Errorf("the same seed gave %q, then %q", first, second)
	}
}
