package driver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Process is a running node.
type Process struct {
	In  io.WriteCloser // its stdin
	Out io.Reader      // its stdout
	// Kill ends it at once and returns when it has ended.
	Kill func()
	// Wait returns what it ended with, after In was closed.
	Wait func() error
}

// Starter starts the node of a name, with the store that it had before.
type Starter func(name string) (*Process, error)

// Command starts nodes as processes: a program with arguments. A folder takes
// their stderr, in files called NAME.log. The environment is added to that of the
// caller.
func Command(program string, args, env []string, logs string) Starter {
	return func(name string) (*Process, error) {
		log, err := os.OpenFile(filepath.Join(logs, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, err
		}
		defer log.Close()
		cmd := exec.Command(program, args...)
		cmd.Stderr, cmd.Env = log, append(os.Environ(), env...)
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, fmt.Errorf("start %s: %w", name, err)
		}
		kill := func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		return &Process{In: in, Out: out, Kill: kill, Wait: cmd.Wait}, nil
	}
}
