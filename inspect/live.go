package inspect

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"paxos/storage"
	"paxos/storage/kv/pages"
	"paxos/wal"
)

// host is a running process that has pinned a view of its store for us.
type host struct {
	conn    net.Conn
	stop    func() bool // the connection ends with the folder's context until then
	reader  *bufio.Reader
	process int
	meta    pages.Meta
	durable wal.Position
}

// askTime is how long a process may take to answer: it only begins to read its database.
// Tests that wait for it take less.
var askTime = 5 * time.Second

var (
	// errNobody says that no process listens in the folder.
	errNobody = errors.New("no process listens")
	// errSilent says that one listens, and does not answer.
	errSilent = errors.New("it does not answer")
)

// askHost asks the process that has the folder, if one has, to pin a view.
func askHost(ctx context.Context, dir string) (*host, error) {
	path, done, err := storage.SocketPath(dir, storage.SocketName)
	if err != nil {
		return nil, err
	}
	defer done()
	dialer := net.Dialer{Timeout: askTime}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, unasked(ctx, dir, err)
	}
	h := &host{conn: conn, reader: bufio.NewReader(conn)}
	h.stop = context.AfterFunc(ctx, func() { _ = conn.Close() }) // whoever waits for it gets an error
	if err := h.listen(); err != nil {
		h.close()
		return nil, unasked(ctx, dir, err)
	}
	return h, nil
}

// unasked says why a process was not asked.
func unasked(ctx context.Context, dir string, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTSOCK):
		return errNobody
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.EAGAIN): // the second: too many wait for it already
		return errSilent
	}
	return fmt.Errorf("ask the process that has %s to pin a view of it: %w", dir, err)
}

func (h *host) close() {
	h.stop()
	_ = h.conn.Close() // nothing is under way; the process lets the view go
}

// listen reads the answer.
func (h *host) listen() error {
	if err := h.conn.SetDeadline(time.Now().Add(askTime)); err != nil {
		return err
	}
	line, err := h.reader.ReadBytes('\n')
	if err == io.EOF {
		return errors.New("it has ended, or too many look at it already")
	}
	if err != nil {
		return err
	}
	var answer storage.PinAnswer
	if err := json.Unmarshal(line, &answer); err != nil {
		return fmt.Errorf("it answered %q: %w", line, err)
	}
	switch {
	case answer.Version != storage.PinVersion:
		return fmt.Errorf("it speaks version %d, this program version %d", answer.Version, storage.PinVersion)
	case answer.Error != "":
		return errors.New(answer.Error)
	}
	h.process, h.durable = answer.Process, answer.Durable
	h.meta, err = pages.DecodeMeta(answer.Meta)
	return err
}

// holds reports whether the view was pinned until now.
func (h *host) holds() bool {
	if err := h.conn.SetDeadline(time.Now().Add(askTime)); err != nil {
		return false
	}
	if _, err := h.conn.Write([]byte{'?'}); err != nil {
		return false
	}
	_, err := h.reader.ReadByte()
	return err == nil
}

// pin looks for a process that has the folder: it is asked for a view.
func (f *Folder) pin() error {
	f.host, f.holder, f.silent = nil, 0, ""
	host, err := askHost(f.ctx, f.dir)
	switch {
	case errors.Is(err, errNobody):
		if f.holder = lockHolder(f.path(storage.LockName)); f.holder != 0 {
			f.silent = "does not listen in " + storage.SocketName
		}
		return nil
	case errors.Is(err, errSilent):
		f.holder, f.silent = lockHolder(f.path(storage.LockName)), "does not answer"
		return nil
	case err != nil:
		return err
	}
	f.host = host
	return nil
}

// How says how the folder was read.
func (f *Folder) How() string {
	switch {
	case f.host != nil:
		return fmt.Sprintf("running (process %d), pinned at transaction %d", f.host.process, f.host.meta.Transaction)
	case f.silent != "":
		return fmt.Sprintf("in use by %s, which %s: what it writes meanwhile may look damaged; stop it to be sure", processName(f.holder), f.silent)
	}
	return "stopped"
}

func processName(pid int) string {
	if pid == 0 {
		return "a process"
	}
	return fmt.Sprintf("process %d", pid)
}

// inUse reports whether a running process has the folder.
func (f *Folder) inUse() bool { return f.host != nil || f.silent != "" }

// durable reports whether a place in the log is before the end that the running
// process knew to be durable. Of a stopped one, everything is.
func (f *Folder) durable(at wal.Position) bool {
	return f.host == nil || at.Less(f.host.durable)
}

// pinTries is how often a view of a running process is taken again because the
// process had to let it go, or dropped a part of its log that was being read.
const pinTries = 5

// steadily lets read report, and hands on what it reported only if the folder did not
// change meanwhile: else it reads once more. A process that ends meanwhile leaves a
// stopped store, which does not change.
func (f *Folder) steadily(read func()) {
	report := f.report
	defer func() { f.report = report }()
	for try := 1; ; try++ {
		f.report = report
		if f.host == nil {
			read()
			return
		}
		var found []Finding
		f.report = func(x Finding) { found = append(found, x) }
		read()
		holds := f.host.holds()
		if holds && !suspect(found) || try == pinTries {
			f.report = report
			f.handOn(found, holds)
			return
		}
		if f.lost = f.repin(); f.lost != nil {
			f.report = report
			if holds { // else who knows what it was that looks damaged
				f.handOn(found, true)
			}
			return
		}
	}
}

func (f *Folder) handOn(found []Finding, held bool) {
	if !held {
		f.report(Finding{File: f.dir, Offset: -1, Note: true,
			Detail: "the running process had to let the view go each time: what is said may be a mixture of two states"})
	}
	for _, x := range found {
		f.report(x)
	}
}

// suspect reports whether damage was found that may be the process's going on.
func suspect(found []Finding) bool {
	for _, x := range found {
		if !x.Note {
			return true
		}
	}
	return false
}

// repin takes a new view. Where none can be had, the folder stays as it was: what was read
// of the old view is there, though nothing keeps the process from writing over it.
func (f *Folder) repin() error {
	if f.host != nil {
		f.host.close() // the process lets in a few only, and we are one of them
	}
	next := &Folder{ctx: f.ctx, dir: f.dir, report: f.report, damage: f.damage}
	if err := next.open(); err != nil {
		err = errors.Join(storage.Denied(err, f.dir), next.Close())
		return fmt.Errorf("the view of the running process was lost, and another cannot be had: %w", err)
	}
	_ = f.Close() // nothing was written
	*f = *next
	return nil
}

// Err says why what was read of a running process may be a mixture of two states: the
// process let the view go, and another could not be had. nil: it is one state.
func (f *Folder) Err() error { return f.lost }

// lockHolder is the process that has a lock on a file, 0 if none has, as far as one
// can see. To try the lock would be simpler, but might keep somebody from starting.
func lockHolder(path string) int {
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return 0
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(locks)) {
		// 1: FLOCK  ADVISORY  WRITE 1234 fd:00:5678 0 EOF
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[1] != "FLOCK" || !strings.HasSuffix(fields[5], fmt.Sprintf(":%d", stat.Ino)) {
			continue
		}
		if pid, err := strconv.Atoi(fields[4]); err == nil && pid > 0 && hasOpen(pid, path) {
			return pid
		}
	}
	return 0
}

// hasOpen reports whether a process has a file open; yes, if that cannot be seen.
func hasOpen(pid int, path string) bool {
	want, err := os.Stat(path)
	if err != nil {
		return false
	}
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return true
	}
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && os.SameFile(info, want) {
			return true
		}
	}
	return false
}

// Running reports whether a process that runs has pinned what is read.
func (f *Folder) Running() bool { return f.host != nil }

// GiveWay makes this process take the processor and the disk only when nobody else wants
// them, and one processor at most, so that the node that it looks at is not disturbed. To
// be nice is not enough: a nice process that runs is not always interrupted when the node
// wakes up, and a node that waits for its disk wakes up often. An idle one is, at once.
// Threads that begin later inherit it; where it cannot be had nothing is lost. From then on
// the database of a node that runs is read a sixteenth of the time only: see gentle.
func GiveWay() {
	givesWay.Store(true)
	const (
		lowest       = 19
		schedIdle    = 5
		ioWhoProcess = 1
		ioIdle       = 3 << 13
	)
	runtime.GOMAXPROCS(1)
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		if tid, err := strconv.Atoi(task.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, tid, lowest)
			_ = unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: schedIdle, Nice: lowest}, 0)
			_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioWhoProcess, uintptr(tid), ioIdle)
		}
	}
}
