package node

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
)

// startPlacing starts a server alone, and a channel of the proposals that have their place.
func startPlacing(t *testing.T) (*Server, <-chan *Proposal) {
	placed := make(chan *Proposal, 100)
	c := newTestCluster(t, 1)
	c.tune = func(o *Options) {
		o.Placed = func(proposals []*Proposal) {
			for _, p := range proposals {
				placed <- p
			}
		}
	}
	return c.startServer(1), placed
}

// Rule 8: many commands may wait for a machine that hangs.
func TestWhatWaitsForAReaderKeepsNoLargePayload(t *testing.T) {
	s, placed := startPlacing(t)
	for _, size := range []int{1, keptPayload, keptPayload + 1, 4096} {
		w := s.Begin(make([]byte, size))
		p := <-placed
		if kept := cap(p.payload[0]); kept > keptPayload {
			t.Errorf("a command of %d bytes keeps %d while it waits", size, kept)
		}
		p.Finish(size)
		if result, err := w.Wait(patient(t)); result != size || err != nil {
			t.Errorf("the result is %v, %v", result, err)
		}
	}
}

// The reader of Views may hang in a machine, for ever, when the disk fails.
func TestWhoWaitsForAReaderSeesTheServersEnd(t *testing.T) {
	s, placed := startPlacing(t)
	answered, waits := s.Begin([]byte("answered")), s.Begin([]byte("waits"))
	(<-placed).Finish("a")
	late := <-placed
	told := make(chan error, 1)
	go func() {
		_, err := waits.Wait(patient(t))
		told <- err
	}()
	s.Fail(errors.New("a disk"))
	<-s.Failed()
	if err := <-told; !errors.Is(err, ErrUnknown) || !errors.Is(err, ErrStopped) {
		t.Errorf("a command that stands in the list, without a result: %v", err)
	}
	late.Finish("nobody waits")
	if result, err := answered.Wait(patient(t)); result != "a" || err != nil {
		t.Errorf("what was answered before: %v, %v", result, err)
	}
	if result, err := s.Begin([]byte("too late")).Wait(patient(t)); !errors.Is(err, ErrStopped) || errors.Is(err, ErrUnknown) {
		t.Errorf("begun after the end: %v, %v", result, err)
	}
}

// panics returns what f panics with, nil if it does not.
func panics(f func()) (with any) {
	defer func() { with = recover() }()
	f()
	return nil
}

// A second Wait would take the answer of another caller's command.
func TestTheSecondOfTwoWaitsPanics(t *testing.T) {
	c := newTestCluster(t, 1)
	s := c.startServer(1)
	w := s.Begin([]byte("a"))
	var refused atomic.Int32
	done := make(chan struct{})
	for range 2 { // at once
		go func() {
			defer func() { done <- struct{}{} }()
			if with := panics(func() {
				if _, err := w.Wait(patient(t)); err != nil {
					t.Error(err)
				}
			}); with != nil {
				refused.Add(1)
			}
		}()
	}
	<-done
	<-done
	if n := refused.Load(); n != 1 {
		t.Errorf("%d of two Waits have panicked, want one", n)
	}
	b := s.Begin([]byte("b"))
	if with := panics(func() { _, _ = w.Wait(patient(t)) }); with == nil || !strings.Contains(with.(string), "twice") {
		t.Errorf("a Wait of what was answered: %v", with)
	}
	if index, err := b.Wait(patient(t)); index != uint64(1) || err != nil {
		t.Errorf("the command of another caller: %v, %v", index, err)
	}
}

func TestWaitForNothingPanicsWithWords(t *testing.T) {
	with, _ := panics(func() { _, _ = Pending{}.Wait(t.Context()) }).(string)
	if !strings.Contains(with, "Begin") {
		t.Errorf("it says %q", with)
	}
}
