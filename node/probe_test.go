package node

import (
	"sync/atomic"
	"testing"
	"time"
)

// looped is a loop that answers a probe when it is let.
type looped struct {
	probe   Probe
	turns   chan struct{}
	applied uint64
	aside   atomic.Int64
}

func newLooped() *looped {
	l := &looped{turns: make(chan struct{}, 100), probe: Probe{patience: patience}}
	l.probe.attach(func() { l.turns <- struct{}{} }, func(f *Figures) { f.FreeBytes = l.aside.Add(1) }, Figures{})
	return l
}

// turn is what the loop does when it is woken.
func (l *looped) turn() {
	<-l.turns
	l.applied++
	if l.probe.wanted() {
		l.probe.tell(Figures{Status: Status{Length: l.applied}})
	}
}

func TestAProbeTellsWhatTheLoopHasNow(t *testing.T) {
	l := newLooped()
	go func() {
		for range 3 {
			l.turn()
		}
	}()
	for n := uint64(1); n <= 3; n++ {
		if f, known := l.probe.Figures(); !known || f.Length != n || f.Unanswered != 0 || f.FreeBytes != int64(n) {
			t.Errorf("look %d: %v, %+v", n, known, f)
		}
	}
	if l.probe.wanted() {
		t.Error("it still wants to know")
	}
}

func TestBeforeTheStartNothingIsKnown(t *testing.T) {
	if _, known := new(Probe).Figures(); known {
		t.Error("figures of no process")
	}
	var nobody *Probe
	if nobody.wanted() {
		t.Error("nobody wants to know")
	}
	nobody.detach()
}

// A loop that hangs (its disk does, say) keeps nobody from seeing that.
func TestALoopThatHangsIsNoticed(t *testing.T) {
	l := newLooped()
	l.probe.patience = 20 * time.Millisecond
	f, known := l.probe.Figures()
	if !known || f.Unanswered < l.probe.patience || f.FreeBytes != 1 {
		t.Fatalf("%v, %+v; the loop did not answer", known, f)
	}
	l.turn() // late: the next one sees it
	l.probe.patience = patience
	done := make(chan struct{})
	go func() { defer close(done); l.turn() }()
	if f, _ := l.probe.Figures(); f.Unanswered != 0 || f.Length != 2 || f.FreeBytes != 2 {
		t.Errorf("after it went on: %+v", f)
	}
	<-done
}

func TestAProcessThatHasEndedIsAskedNoMore(t *testing.T) {
	l := newLooped()
	l.probe.detach()
	began := time.Now()
	f, known := l.probe.Figures()
	if !known || f.Unanswered != 0 {
		t.Errorf("%v, %+v, after %v", known, f, time.Since(began))
	}
}
