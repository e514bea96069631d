package torture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"paxos/internal/process"
)

// tendEvery is how often the keeper looks at its processes.
const tendEvery = 20 * time.Millisecond

// exitStorage is the exit code of a process of ours whose disk failed or is full. Of
// other programs 1 is allowed, too: that is what most of them end with.
const exitStorage = 4

var programFullCodes = []int{1, exitStorage}

// keeper keeps the members running, except where a nemesis wants them not to. It knows
// what the nemeses did, and so it can tell an end that they caused from one that
// nobody did: that one ends the run.
type keeper struct {
	fleet fleet
	// fullCodes are the exit codes with which a full disk may end a member.
	fullCodes []int

	mu     sync.Mutex
	states []state
	ends   int // that a full disk caused
}

// state is what nemeses did to a member.
type state struct {
	down   bool      // it was killed, and shall not be started
	paused bool      // by SIGSTOP
	full   bool      // its disk is full
	freed  time.Time // when that ended for the last time
}

func newKeeper(f fleet) *keeper {
	return &keeper{fleet: f, fullCodes: []int{exitStorage}, states: make([]state, len(f.members()))}
}

// run tends the members until ctx ends, or one ended that nobody caused to.
func (k *keeper) run(ctx context.Context) error {
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		if err := k.tend(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// tend starts whoever does not run, and may.
func (k *keeper) tend() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.states {
		if err := k.tendOne(i); err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) tendOne(i int) error {
	p, s := k.fleet.process(i), &k.states[i]
	if p != nil && !p.Ended() {
		return nil
	}
	if p != nil {
		if err := k.judgeEnd(p, s); err != nil {
			return err
		}
	}
	if s.down || s.full {
		return nil
	}
	s.paused = false
	return k.fleet.start(i)
}

// judgeEnd fails if nobody caused the end of a process.
func (k *keeper) judgeEnd(p *process.Process, s *state) error {
	err := p.Unexpected()
	if err == nil {
		return nil
	}
	if !slices.Contains(k.fullCodes, p.ExitCode()) || !s.full && !p.Began().Before(s.freed) {
		return fmt.Errorf("nobody did anything to it, but %w", err)
	}
	p.Excuse()
	k.ends++
	return nil
}

// kill ends a member with SIGKILL, until revive.
func (k *keeper) kill(i int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.states[i].down, k.states[i].paused = true, false
	if p := k.fleet.process(i); p != nil && !p.Ended() {
		p.Kill()
	}
}

// revive lets a killed member be started again.
func (k *keeper) revive(i int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.states[i].down = false
	return k.tendOne(i)
}

// pause stops a member with SIGSTOP, and reports whether it ran.
func (k *keeper) pause(i int) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := k.fleet.process(i)
	if p == nil || p.Ended() || k.states[i].paused {
		return false, nil
	}
	if err := p.Pause(); err != nil {
		return false, unlessEnded(p, err)
	}
	k.states[i].paused = true
	return true, nil
}

// resume lets a paused member go on.
func (k *keeper) resume(i int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := k.fleet.process(i)
	if !k.states[i].paused || p.Ended() {
		return nil
	}
	k.states[i].paused = false
	return unlessEnded(p, p.Resume())
}

// endPatience is how long it takes to learn that a process has just ended.
const endPatience = 30 * time.Second

// unlessEnded drops an error that comes from the end of the process in this very moment.
func unlessEnded(p *process.Process, err error) error {
	if err == nil || errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	select {
	case <-p.Done():
		return nil
	case <-time.After(endPatience):
		return err
	}
}

// setFull says that a member's disk is being filled, or was freed.
func (k *keeper) setFull(i int, full bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.states[i].full && !full {
		k.states[i].freed = time.Now()
	}
	k.states[i].full = full
}

// diskEnds is how many processes a full disk has ended.
func (k *keeper) diskEnds() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ends
}
