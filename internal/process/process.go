package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stopPatience is how long a process may take for a clean shutdown. It takes a moment; more is allowed for machines
// that have much else to do.
const stopPatience = time.Minute

// Spec says what to start.
type Spec struct {
	Name   string   // what errors call it, like "acceptor 1"
	Binary string   // the program
	Args   []string // its arguments
	// Within, if not empty, is a command that turns into the one given behind it,
	// with the same process id, like `ip netns exec NAME`.
	Within []string
	// NewNetwork gives it an empty network namespace of its own; that needs root.
	NewNetwork bool
	// NewMounts gives it a copy of the mounts that is its own; that needs root.
	NewMounts bool
	Log       string // the file that stderr is appended to
	Output    string // the file that gets stdout, anew at each start; empty: nobody does
	Stdin     bool   // make a pipe to its stdin; else it reads nothing
	Task      bool   // it may end by itself, with exit code 0
}

// Process is one start of a program.
type Process struct {
	// Stdin is the pipe that Spec.Stdin asked for. Close it after the last byte.
	Stdin io.WriteCloser

	spec    Spec
	began   time.Time
	command *exec.Cmd
	wanted  atomic.Bool   // we wanted it to end
	done    chan struct{} // closed when it has ended
	err     error         // why it ended; read it only once done is closed
}

func start(s Spec, by *starter) (*Process, error) {
	line := append(append(append([]string{}, s.Within...), s.Binary), s.Args...)
	p := &Process{spec: s, command: exec.Command(line[0], line[1:]...), done: make(chan struct{})}
	p.command.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true,            // ctrl-C reaches us alone, and we decide what becomes of the children
		Pdeathsig: syscall.SIGKILL, // and when we die they must not live on
	}
	if s.NewNetwork {
		p.command.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
	}
	if s.NewMounts {
		p.command.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
	}
	files, err := p.connect()
	defer func() {
		for _, f := range files {
			f.Close() // the child has its own
		}
	}()
	if err != nil {
		return nil, err
	}
	p.began = time.Now().Truncate(time.Microsecond) // as precise as the log
	if err := by.start(p.command); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.command.Wait()
		close(p.done)
	}()
	return p, nil
}

// connect opens the child's stdin, stdout and stderr, and returns the files
// that only the child will need.
func (p *Process) connect() (files []*os.File, err error) {
	stderr, err := os.OpenFile(p.spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	files = append(files, stderr)
	p.command.Stderr = stderr
	if p.spec.Output != "" {
		stdout, err := os.Create(p.spec.Output)
		if err != nil {
			return files, err
		}
		files = append(files, stdout)
		p.command.Stdout = stdout
	}
	if p.spec.Stdin {
		p.Stdin, err = p.command.StdinPipe()
	}
	return files, err
}

func (p *Process) String() string { return p.spec.Name }

// Pid is the process's id in the system.
func (p *Process) Pid() int { return p.command.Process.Pid }

// Log is the file that gets what the process writes to stderr.
func (p *Process) Log() string { return p.spec.Log }

// Began is when it was started, as precise as a log's lines.
func (p *Process) Began() time.Time { return p.began }

// Kill ends the process with SIGKILL and returns when it is gone.
func (p *Process) Kill() {
	p.wanted.Store(true)
	_ = p.command.Process.Kill() // it fails only if the process has ended already
	<-p.done
}

// Pause stops the process with SIGSTOP, until Resume. When it returns, all of the
// process's threads stand still.
func (p *Process) Pause() error {
	if err := p.command.Process.Signal(syscall.SIGSTOP); err != nil {
		return fmt.Errorf("pause %s: %w", p, err)
	}
	for {
		err := unix.Waitid(unix.P_PID, p.Pid(), nil, unix.WSTOPPED|unix.WNOWAIT, nil)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("pause %s: %w", p, err)
		}
	}
}

// Resume lets a paused process go on.
func (p *Process) Resume() error { return p.command.Process.Signal(syscall.SIGCONT) }

// Ask sends SIGTERM, once: a second one ends a process before it has cleaned up.
func (p *Process) Ask() {
	if p.wanted.Swap(true) {
		return
	}
	_ = p.command.Process.Signal(syscall.SIGTERM) // it fails only if the process has ended already
	_ = p.Resume()                                // a paused one does not hear it
}

// Excuse makes an end by itself, past or to come, count as wanted.
func (p *Process) Excuse() { p.wanted.Store(true) }

// Stop ends the process with SIGTERM, and with SIGKILL if it takes too long. The
// error says how it failed to shut down cleanly, if it did.
func (p *Process) Stop() error {
	p.Ask()
	select {
	case <-p.done:
	case <-time.After(stopPatience):
		p.Kill()
		return fmt.Errorf("%s did not stop within %s of SIGTERM and was killed%s", p, stopPatience, p.LastWords())
	}
	return p.Err()
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended reports whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Err waits for the end of the process and returns nil if it exited with code
// 0, else an error that quotes the end of its log.
func (p *Process) Err() error {
	<-p.done
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w%s", p, p.err, p.LastWords())
}

// ExitCode waits for the end of the process; it is -1 after a signal.
func (p *Process) ExitCode() int {
	<-p.done
	return p.command.ProcessState.ExitCode()
}

// Unexpected returns why the process ended without being asked, if it did.
func (p *Process) Unexpected() error {
	switch {
	case !p.Ended() || p.wanted.Load():
		return nil
	case p.err == nil && p.spec.Task:
		return nil // it was done
	case p.err == nil:
		return fmt.Errorf("%s ended by itself%s", p, p.LastWords())
	}
	return p.Err()
}

// LastWords quotes the end of the process's log.
func (p *Process) LastWords() string {
	const most = 2000 // bytes
	text, err := readEnd(p.spec.Log, most)
	if err != nil || len(text) == 0 {
		return ""
	}
	return fmt.Sprintf("; the end of %s:\n%s", p.spec.Log, bytes.TrimSpace(text))
}

// readEnd reads the whole lines among the last bytes of a file, which may be large.
func readEnd(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	from := max(0, info.Size()-most)
	text, err := io.ReadAll(io.NewSectionReader(f, from, most))
	if end := bytes.IndexByte(text, '\n'); from > 0 && end >= 0 {
		text = text[end+1:]
	}
	return text, err
}
