package torture

import (
	"os"
	"strings"
	"testing"
)

const forever = "while :; do sleep 0.1; done"

func TestAKilledMemberStaysDownUntilItIsRevived(t *testing.T) {
	f := newPlayed(t, 2, forever)
	k := newKeeper(f)
	ok(t, k.tend())
	k.kill(0)
	ok(t, k.tend())
	if !f.process(0).Ended() || f.process(1).Ended() || f.starts[0] != 1 {
		t.Fatal("want member 0 down and member 1 up")
	}
	ok(t, k.revive(0))
	if f.process(0).Ended() || f.starts[0] != 2 || f.starts[1] != 1 {
		t.Errorf("starts %v, want 2 and 1", f.starts)
	}
}

func TestAnEndThatNobodyCausedIsAFailureWithItsLastWords(t *testing.T) {
	for _, c := range []struct{ name, script string }{
		{"a failure", "echo this is why >&2; exit 1"},
		{"a full disk that nobody filled", "echo this is why >&2; exit 4"},
		{"an end as if all were well", "echo this is why >&2; exit 0"},
	} {
		f := newPlayed(t, 1, c.script)
		k := newKeeper(f)
		ok(t, k.tend())
		<-f.process(0).Done()
		if err := k.tend(); err == nil || !strings.Contains(err.Error(), "this is why") {
			t.Errorf("%s: %v", c.name, err)
		}
		if f.starts[0] != 1 {
			t.Errorf("%s: it was started again", c.name)
		}
	}
}

func TestOnlyTheExitCodeOfAFullDiskIsExcusedByAFullDisk(t *testing.T) {
	f := newPlayed(t, 1, "exit 3")
	k := newKeeper(f)
	k.setFull(0, true)
	ok(t, f.start(0))
	<-f.process(0).Done()
	if err := k.tend(); err == nil {
		t.Error("no error")
	}
}

func TestAProgramThatIsNotOursMayEndWithCode1OnAFullDiskButNotWithAPanic(t *testing.T) {
	for script, want := range map[string]bool{"exit 1": true, "exit 4": true, "exit 2": false, "kill -9 $$": false} {
		f := newPlayed(t, 1, script)
		k := newKeeper(f)
		k.fullCodes = programFullCodes
		k.setFull(0, true)
		ok(t, f.start(0))
		<-f.process(0).Done()
		if err := k.tend(); (err == nil) != want {
			t.Errorf("%s: %v", script, err)
		}
	}
}

func TestWhoeverAFullDiskEndedIsStartedAgainWhenThereIsRoom(t *testing.T) {
	f := newPlayed(t, 1, "exit 4")
	k := newKeeper(f)
	ok(t, k.tend())
	k.setFull(0, true)
	<-f.process(0).Done()
	ok(t, k.tend())
	if f.starts[0] != 1 {
		t.Fatal("it was started on a full disk")
	}
	f.script = forever
	k.setFull(0, false)
	ok(t, k.tend())
	if f.starts[0] != 2 || f.process(0).Ended() || k.diskEnds() != 1 {
		t.Errorf("%d starts, %d ends; want 2 and 1", f.starts[0], k.diskEnds())
	}
}

func TestWhoeverLivedOnAFullDiskMayStillEndOfItWhenItIsFree(t *testing.T) {
	gate := t.TempDir() + "/gate"
	f := newPlayed(t, 1, "until test -e "+gate+"; do sleep 0.01; done; exit 4")
	k := newKeeper(f)
	ok(t, k.tend())
	k.setFull(0, true)
	k.setFull(0, false)
	ok(t, os.WriteFile(gate, nil, 0o644))
	<-f.process(0).Done()
	ok(t, k.tend())
	<-f.process(0).Done()
	if err := k.tend(); f.starts[0] != 2 || err == nil {
		t.Errorf("%d starts, %v; want the second start, after the disk was freed, to be no excuse", f.starts[0], err)
	}
}

func TestAPausedMemberStandsStillAndAnEndedOneIsNotPaused(t *testing.T) {
	f := newPlayed(t, 1, forever)
	k := newKeeper(f)
	ok(t, k.tend())
	for _, want := range []bool{true, false} { // a second time is none
		ran, err := k.pause(0)
		if ok(t, err); ran != want {
			t.Errorf("paused: %v, want %v", ran, want)
		}
	}
	ok(t, k.resume(0))
	k.kill(0)
	ran, err := k.pause(0)
	if ok(t, err); ran {
		t.Error("a member that does not run was paused")
	}
	ok(t, k.resume(0))
}

func TestAPausedMemberCanBeKilledAndComesBackRunning(t *testing.T) {
	f := newPlayed(t, 1, forever)
	k := newKeeper(f)
	ok(t, k.tend())
	_, err := k.pause(0)
	ok(t, err)
	k.kill(0)
	ok(t, k.revive(0))
	if ran, err := k.pause(0); !ran || err != nil {
		t.Errorf("the new process can't be paused: %v", err)
	}
}
