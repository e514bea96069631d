package measure

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/internal/process"
)

// TestMain lets the test binary play a process that syncs when it is told to.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "sync" {
		play(os.Args[2])
		return
	}
	os.Exit(m.Run())
}

// play syncs for each line it reads, from three new threads, and says so.
func play(dir string) {
	lines := bufio.NewScanner(os.Stdin)
	for n := 0; lines.Scan(); n++ {
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
				f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
				if err != nil || f.Sync() != nil || f.Close() != nil {
					os.Exit(1)
				}
			})
		}
		all.Wait()
		if os.WriteFile(filepath.Join(dir, fmt.Sprintf("done-%d", n)), nil, 0o644) != nil {
			os.Exit(1)
		}
	}
}

// syncing starts such a process.
func syncing(t *testing.T) (p *process.Process, dir string, syncs func(n int)) {
	t.Helper()
	dir = t.TempDir()
	self, err := process.Self()
	if err != nil {
		t.Fatal(err)
	}
	set := process.NewSet()
	t.Cleanup(set.Close)
	p, err = set.Start(process.Spec{Name: "syncing", Binary: self, Args: []string{"sync", dir}, Log: filepath.Join(dir, "log"), Stdin: true})
	if err != nil {
		t.Fatal(err)
	}
	return p, dir, func(n int) {
		if _, err := io.WriteString(p.Stdin, "again\n"); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(filepath.Join(dir, fmt.Sprintf("done-%d", n))); err == nil {
				return
			}
			if time.Now().After(end) {
				t.Fatal("it never synced")
			}
		}
	}
}

func TestFsyncsAreCountedWhileTheyAreWatched(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("counting fsyncs needs root")
	}
	p, _, again := syncing(t)
	again(0)                          // before anybody counts
	if err := p.Pause(); err != nil { // so that it starts no thread while they are listed
		t.Fatal(err)
	}
	s, err := CountSyncs([]*process.Process{p})
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	if CannotCount(err) {
		t.Logf("not on this machine: %v", err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	again(1)
	again(2)
	if n, err := s.Count(); err != nil || n != 6 {
		t.Errorf("counted %d, %v; want 6", n, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestUsageAddsUpAndItsPeakCanBeReset(t *testing.T) {
	p, _, again := syncing(t)
	again(0)
	one, err := Of([]*process.Process{p})
	if err != nil {
		t.Fatal(err)
	}
	two, err := Of([]*process.Process{p, p})
	if err != nil {
		t.Fatal(err)
	}
	if one.PeakRSS <= 0 || two.PeakRSS < 2*one.PeakRSS || two.CPU < 2*one.CPU {
		t.Errorf("one %+v, two of it %+v", one, two)
	}
	if err := ResetPeaks([]*process.Process{p}); err != nil {
		t.Error(err)
	}
	if err := Settle([]*process.Process{p}, time.Minute); err != nil {
		t.Error(err)
	}
}

func TestAProcessThatHasEndedIsAnError(t *testing.T) {
	p, _, _ := syncing(t)
	p.Kill()
	if _, err := Of([]*process.Process{p}); err == nil || !strings.Contains(err.Error(), "syncing") {
		t.Errorf("error %v, want one that names the process", err)
	}
}

func TestTheDiskIsMeasured(t *testing.T) {
	if d, err := Fdatasync(t.TempDir()); err != nil || d <= 0 {
		t.Errorf("%v, %v", d, err)
	}
}
