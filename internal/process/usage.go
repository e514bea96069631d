package process

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of CPU time in /proc; Linux has it at 100 Hz for user space, always.
const clockTick = 10 * time.Millisecond

// Usage is what a running process uses.
type Usage struct {
	CPU     time.Duration // user and system, since its start
	PeakRSS int64         // bytes, mapped file pages included
	RSS     int64         // bytes, mapped file pages included, now
	RSSAnon int64         // bytes of anonymous memory, now
}

// Usage reads what the process uses; it fails when the process has ended.
func (p *Process) Usage() (Usage, error) {
	var u Usage
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid()))
	if err != nil {
		return u, fmt.Errorf("read what %s uses: %w", p, err)
	}
	if u.CPU, err = cpuTime(stat); err != nil {
		return u, fmt.Errorf("read what %s uses: %w", p, err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		return u, fmt.Errorf("read what %s uses: %w", p, err)
	}
	u.PeakRSS, u.RSS, u.RSSAnon = statusBytes(status, "VmHWM:"), statusBytes(status, "VmRSS:"), statusBytes(status, "RssAnon:")
	return u, nil
}

// cpuTime adds fields 14 and 15 of /proc/PID/stat, utime and stime. The name,
// field 2, stands in parentheses and may hold anything.
func cpuTime(stat []byte) (time.Duration, error) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const utime = 14 - 3 // what follows the name begins with field 3
	if len(fields) <= utime+1 {
		return 0, fmt.Errorf("/proc stat line of %d fields", len(fields))
	}
	var ticks int64
	for _, f := range fields[utime : utime+2] {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc stat line: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// statusBytes reads one line of /proc/PID/status; a process that is just ending has none: 0.
func statusBytes(status []byte, key string) int64 {
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == key && fields[2] == "kB" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// DiskBytes is what the files of a folder take on the disk, in bytes.
func DiskBytes(dir string) (int64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		total += info.Sys().(*syscall.Stat_t).Blocks * 512
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("add up the sizes of files: %w", err)
	}
	return total, nil
}
