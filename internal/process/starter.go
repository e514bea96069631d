package process

import (
	"os/exec"
	"runtime"
)

// starter starts all children of a Set from one operating system thread.
// The kernel sends a child its Pdeathsig when the *thread* that started it ends,
// so that thread must live as long as the Set, and no longer matter after it.
type starter struct {
	jobs chan job
}

type job struct {
	command *exec.Cmd
	started chan<- error
}

func newStarter() *starter {
	s := &starter{jobs: make(chan job)}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		for j := range s.jobs {
			j.started <- j.command.Start()
		}
	}()
	return s
}

func (s *starter) start(c *exec.Cmd) error {
	started := make(chan error)
	s.jobs <- job{c, started}
	return <-started
}

// end ends the thread; no start may follow.
func (s *starter) end() { close(s.jobs) }
