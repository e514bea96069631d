package process

import (
	"os"
	"strconv"
	"testing"
	"time"
)

func TestUsageIsReadFromProc(t *testing.T) {
	s := newSet(t)
	p := begin(t, s, shell(t.TempDir(), obedient))
	await(t, s, p, "ready")
	u, err := p.Usage()
	if err != nil || u.PeakRSS < 200<<10 || u.RSSAnon < 4<<10 || u.RSSAnon > u.RSS || u.RSS > u.PeakRSS {
		t.Errorf("it uses %+v, %v", u, err)
	}
	p.Kill()
	if _, err := p.Usage(); err == nil {
		t.Error("a process that is gone uses something")
	}
}

func TestCPUTimeIsFoundBehindAnyName(t *testing.T) {
	line := "7 (a ) b) S 1 7 7 0 -1 4194560 1 2 3 4 " + strconv.Itoa(150) + " 50 0 0 20 0 1 0 100"
	if got, err := cpuTime([]byte(line)); err != nil || got != 2*time.Second {
		t.Errorf("%v, %v; want 2s", got, err)
	}
	if _, err := cpuTime([]byte("7 (a) S 1")); err == nil {
		t.Error("a short line passed")
	}
}

func TestDiskBytesAreThoseOfTheFiles(t *testing.T) {
	dir := t.TempDir()
	if n, err := DiskBytes(dir); err != nil || n != 0 {
		t.Fatalf("%d, %v for an empty folder", n, err)
	}
	if err := os.WriteFile(dir+"/log", make([]byte, 100<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	if n, err := DiskBytes(dir); err != nil || n < 100<<10 || n > 200<<10 {
		t.Errorf("%d bytes, %v; want about 100 KiB", n, err)
	}
}
