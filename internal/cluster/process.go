package cluster

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"paxos/protocol"
)

// stopPatience is how long a process may take for a clean shutdown.
const stopPatience = 10 * time.Second

// Process is one start of a role.
type Process struct {
	Role protocol.Role
	ID   int
	// Stdin is a client's input; nil for the other roles. Close it after the last value.
	Stdin io.WriteCloser

	args    []string // beside the usual ones
	task    bool     // it ends by itself when it is done
	log     string
	began   time.Time
	command *exec.Cmd
	asked   atomic.Bool   // we wanted it to end
	done    chan struct{} // closed when it has ended
	err     error         // why it ended; read it only once done is closed
}

func newProcess(role protocol.Role, id int, args []string, log string) *Process {
	return &Process{Role: role, ID: id, args: args, log: log, task: role == protocol.RoleClient, done: make(chan struct{})}
}

func (p *Process) start(c *Cluster, args []string) error {
	p.command = exec.Command(c.options.Binary, args...)
	p.command.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true,            // ctrl-C reaches us alone, and we decide what becomes of the children
		Pdeathsig: syscall.SIGKILL, // and when we die they must not live on
	}
	files, err := p.connect(c)
	defer func() {
		for _, f := range files {
			f.Close() // the child has its own
		}
	}()
	if err != nil {
		return err
	}
	p.began = time.Now().Truncate(time.Microsecond) // as precise as the log
	if err := c.starter.start(p.command); err != nil {
		return err
	}
	go func() {
		p.err = p.command.Wait()
		close(p.done)
	}()
	return nil
}

// connect opens the child's stdin, stdout and stderr, and returns the files
// that only the child will need.
func (p *Process) connect(c *Cluster) (files []*os.File, err error) {
	stderr, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	files = append(files, stderr)
	// Anew at each start: a learner prints from the first value on.
	stdout, err := os.Create(c.OutputPath(p.Role, p.ID))
	if err != nil {
		return files, err
	}
	files = append(files, stdout)
	p.command.Stderr, p.command.Stdout = stderr, stdout
	if p.Role == protocol.RoleClient {
		p.Stdin, err = p.command.StdinPipe()
	}
	return files, err
}

func (p *Process) String() string { return fmt.Sprintf("%s %d", p.Role, p.ID) }

// Pid is the process's id in the system.
func (p *Process) Pid() int { return p.command.Process.Pid }

// Kill ends the process with SIGKILL and returns when it is gone.
func (p *Process) Kill() {
	p.asked.Store(true)
	_ = p.command.Process.Kill() // it fails only if the process has ended already
	<-p.done
}

// ask sends SIGTERM, once: a second one ends a role before it has cleaned up.
func (p *Process) ask() {
	if p.asked.Swap(true) {
		return
	}
	_ = p.command.Process.Signal(syscall.SIGTERM) // it fails only if the process has ended already
}

// Stop ends the process with SIGTERM, and with SIGKILL if it takes too long. The
// error says how it failed to shut down cleanly, if it did.
func (p *Process) Stop() error {
	p.ask()
	select {
	case <-p.done:
	case <-time.After(stopPatience):
		p.Kill()
		return fmt.Errorf("%s did not stop within %s of SIGTERM and was killed%s", p, stopPatience, p.lastWords())
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
	return fmt.Errorf("%s: %w%s", p, p.err, p.lastWords())
}

// unexpectedEnd returns why the process ended without being asked, if it did.
func (p *Process) unexpectedEnd() error {
	switch {
	case !p.Ended() || p.asked.Load():
		return nil
	case p.err == nil && p.task:
		return nil // it was done
	case p.err == nil:
		return fmt.Errorf("%s ended by itself%s", p, p.lastWords())
	}
	return p.Err()
}

// lastWords quotes the end of the process's log.
func (p *Process) lastWords() string {
	const most = 2000 // bytes
	text, err := os.ReadFile(p.log)
	if err != nil || len(text) == 0 {
		return ""
	}
	if len(text) > most {
		text = text[len(text)-most:]
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			text = text[end+1:]
		}
	}
	return fmt.Sprintf("; the end of %s:\n%s", p.log, bytes.TrimSpace(text))
}
