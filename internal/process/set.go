package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// pollEvery is how often something that must be looked at is looked at.
const pollEvery = 2 * time.Millisecond

// Set is all child processes of one parent. Its methods may be called by any
// goroutine.
type Set struct {
	starter *starter

	mu        sync.Mutex
	processes []*Process // those that run, and those whose end is to be noticed
	closed    bool
}

// NewSet returns a Set without processes. Close must be called.
func NewSet() *Set { return &Set{starter: newStarter()} }

// Self is the program that is running: what plays the children, usually.
func Self() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the running program, to start copies of it: %w", err)
	}
	return self, nil
}

// Start starts a process.
func (s *Set) Start(spec Spec) (*Process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("start %s: its cluster was closed", spec.Name)
	}
	p, err := start(spec, s.starter)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	settled := func(p *Process) bool { return p.Ended() && p.Unexpected() == nil }
	s.processes = append(slices.DeleteFunc(s.processes, settled), p)
	return p, nil
}

func (s *Set) all() []*Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.processes)
}

// Living returns the processes that run.
func (s *Set) Living() []*Process {
	return slices.DeleteFunc(s.all(), (*Process).Ended)
}

// Check reports the first process that ended although nobody asked it to, other
// than a task that was done. It names the process and quotes the end of its log.
func (s *Set) Check() error {
	for _, p := range s.all() {
		if err := p.Unexpected(); err != nil {
			return err
		}
	}
	return nil
}

// Wait asks again and again until the answer is yes, and gives up when ctx ends
// or when a process ended that should not have. what says what is awaited.
func (s *Set) Wait(ctx context.Context, what string, answer func() (bool, error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		yes, err := answer()
		if yes || err != nil {
			return err
		}
		if err := s.Check(); err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// Stop stops every process that runs, cleanly, and reports those that did not manage.
func (s *Set) Stop() error {
	living := s.Living()
	for _, p := range living {
		p.Ask()
	}
	var errs []error
	for _, p := range living {
		errs = append(errs, p.Stop())
	}
	return errors.Join(errs...)
}

// Close kills what still runs and waits until all is gone.
func (s *Set) Close() {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	for _, p := range s.all() {
		p.Kill()
	}
	if !closed {
		s.starter.end()
	}
}
