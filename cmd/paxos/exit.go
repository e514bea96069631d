package main

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/spf13/cobra"

	"paxos/acceptor"
	"paxos/storage"
)

// The exit codes; exitHelp tells users of them.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 3
	exitStorage = 4
	exitCorrupt = 5
)

const exitHelp = `Exit codes:
  0  done, or shut down cleanly by SIGTERM or SIGINT
  1  failed
  2  wrong flags, config or cluster file: nothing was started
  3  the store was refused: it is not initialised, locked by another process, not
     permitted to this user, or belongs to another cluster, role or id, or to the
     server at another address, or is not the one that this acceptor's votes are
     known to come from
  4  the disk failed or is full; after that is repaired, start again: nothing is lost
  5  the store is corrupt; the message names file and offset`

// failure is an error of a command that ran, with its exit code. All other
// errors come from flags and arguments.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// fail gives an error an exit code; nil stays nil.
func fail(code int, err error) error {
	if err == nil {
		return nil
	}
	return &failure{code, err}
}

// reported marks an error that is in the log already.
type reported struct{ error }

func (r reported) Unwrap() error { return r.error }

// action makes a RunE of f whose errors count as failures, not as wrong usage.
func action(f func(cmd *cobra.Command) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		err := f(cmd)
		if err == nil || errors.As(err, new(*failure)) {
			return err
		}
		return fail(exitFailed, err)
	}
}

func exitCode(err error) int {
	var f *failure
	if errors.As(err, &f) {
		return f.code
	}
	return exitUsage
}

// storeExitCode is the exit code for an error of a role.
func storeExitCode(err error) int {
	switch {
	case errors.Is(err, storage.ErrCorrupt):
		return exitCorrupt
	case errors.Is(err, storage.ErrNotFormatted), errors.Is(err, storage.ErrForeign), errors.Is(err, storage.ErrLocked), errors.Is(err, acceptor.ErrStranger):
		return exitRefused
	case notPermitted(err):
		return exitRefused
	case errors.Is(err, storage.ErrDiskFull), errors.As(err, new(*fs.PathError)), errors.Is(err, syscall.EIO), errors.Is(err, syscall.EROFS):
		return exitStorage
	}
	return exitFailed
}

// notPermitted reports whether this user may not use a file: neither the disk nor the
// store is to blame, and to start again does not help.
func notPermitted(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && errors.Is(path.Err, fs.ErrPermission)
}
