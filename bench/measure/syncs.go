package measure

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"paxos/internal/process"
)

// calls are the system calls that sync.
var calls = []string{"fsync", "fdatasync", "sync_file_range", "msync", "sync", "syncfs"}

const tracepoints = "/sys/kernel/tracing/events/syscalls"

// Syncs counts the system calls of processes that sync.
type Syncs struct {
	counters []int // file descriptors, one for each call and thread
}

// CountSyncs begins to count, best while the processes are idle: a thread that
// is being started at this very moment may be missed. Those that start later count.
func CountSyncs(all []*process.Process) (*Syncs, error) {
	s := &Syncs{}
	for _, call := range calls {
		id, err := tracepoint(call)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		for _, p := range all {
			if err := s.open(id, p); err != nil {
				return nil, errors.Join(err, s.Close())
			}
		}
	}
	return s, nil
}

// tracepoint is the kernel's number for the entry of a system call.
func tracepoint(call string) (uint64, error) {
	text, err := os.ReadFile(filepath.Join(tracepoints, "sys_enter_"+call, "id"))
	if err != nil {
		return 0, fmt.Errorf("find the tracepoint of %s (it needs root, and tracefs mounted): %w", call, err)
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}

// open counts one call of all threads of a process. One that ends meanwhile is passed over.
func (s *Syncs) open(id uint64, p *process.Process) error {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.Pid()))
	if err != nil {
		return fmt.Errorf("list the threads of %s: %w", p, err)
	}
	for _, t := range threads {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			return fmt.Errorf("a thread of %s: %w", p, err)
		}
		attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: id, Bits: unix.PerfBitInherit}
		attr.Size = uint32(unsafe.Sizeof(attr))
		fd, err := unix.PerfEventOpen(&attr, tid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			return fmt.Errorf("count the fsyncs of %s: %w", p, err)
		}
		s.counters = append(s.counters, fd)
	}
	return nil
}

// Count is how many there were so far.
func (s *Syncs) Count() (total uint64, err error) {
	var value [8]byte
	for _, fd := range s.counters {
		if n, err := unix.Read(fd, value[:]); err != nil || n != len(value) {
			return 0, fmt.Errorf("read a count of fsyncs: %d bytes, %w", n, err)
		}
		total += binary.NativeEndian.Uint64(value[:])
	}
	return total, nil
}

// Close ends the counting.
func (s *Syncs) Close() error {
	var errs []error
	for _, fd := range s.counters {
		errs = append(errs, unix.Close(fd))
	}
	s.counters = nil
	return errors.Join(errs...)
}

// CannotCount reports whether an error of CountSyncs says that this machine does not allow it.
func CannotCount(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.ENOSYS)
}
