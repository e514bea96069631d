package engine

import (
	"errors"
	"fmt"
	"testing"
)

func TestCommandsThatOneGoroutineHasBegunAreAppliedInItsOrder(t *testing.T) {
	nodes := startCluster(t, 3)
	propose(t, nodes[1], "first")
	begin := look(t, nodes[1]).Count
	const count = 500
	command := make([]byte, 0, 16)
	var pending []Pending
	for n := range count {
		command = fmt.Appendf(command[:0], "x%d", n) // the bytes are ours again
		pending = append(pending, nodes[1].Begin(command))
	}
	for n, p := range pending {
		if n%7 == 0 {
			continue // nobody need wait
		}
		if result, err := p.Wait(patient(t)); err != nil || result != begin+uint64(n)+1 {
			t.Fatalf("the %d-th command begun was the %v-th to be applied, %v; want the %d-th", n, result, err, begin+uint64(n)+1)
		}
	}
	agree(t, nodes, begin+count)
	if got, want := string(look(t, nodes[0]).Values['x']), fmt.Sprintf("x%d", count-1); got != want {
		t.Errorf("the last command is %q, want %q", got, want)
	}
}

func TestWithoutAMachineTheResultIsAnIndexThatTheViewHas(t *testing.T) {
	e, err := Start(patient(t), newNodes(t, 1)[0].options)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	var pending []Pending
	for range 100 {
		pending = append(pending, e.Begin([]byte("x")))
	}
	for n, p := range pending {
		index, err := p.Wait(patient(t))
		if err != nil || index != uint64(n) {
			t.Fatalf("entry %d stands at %v, %v", n, index, err)
		}
		if length := e.View().Length(); length <= uint64(n) {
			t.Fatalf("entry %d is acknowledged, and the view has %d", n, length)
		}
	}
}

func TestWhatIsBegunAfterTheEndIsNotDone(t *testing.T) {
	nodes := startCluster(t, 1)
	propose(t, nodes[0], "a")
	e := nodes[0].Engine
	nodes[0].stop()
	if _, err := e.Begin([]byte("b")).Wait(patient(t)); !errors.Is(err, ErrNotDone) || !errors.Is(err, ErrStopped) {
		t.Errorf("error %v, want that it is not done, for the engine has stopped", err)
	}
}

// A machine may hang for ever, or write a large snapshot: who waits need not, once the node has ended.
func TestNobodyWaitsForAMachineThatHangsWhenTheDiskHasFailed(t *testing.T) {
	o := newNodes(t, 1)[0].options
	hold, in := make(chan struct{}), make(chan struct{}, 2)
	o.Mount, o.Machine = true, applying(func([]byte) any { in <- struct{}{}; <-hold; return nil })
	e, err := Start(patient(t), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { close(hold); _ = e.Stop() }()
	pending := []Pending{e.Begin([]byte("applied")), e.Begin([]byte("behind it"))}
	<-in
	read := make(chan error, 1)
	go func() { read <- e.Read(patient(t)) }()
	eventually(t, "the read waits for the machine", func() bool {
		e.reader.mu.Lock()
		defer e.reader.mu.Unlock()
		return len(e.reader.marks) > 0
	})
	e.node.Fail(errors.New("a disk"))
	if err := <-read; !errors.Is(err, ErrStopped) {
		t.Errorf("a read: %v", err)
	}
	for n, p := range pending {
		if _, err := p.Wait(patient(t)); !errors.Is(err, ErrStopped) || errors.Is(err, ErrUnknown) == errors.Is(err, ErrNotDone) || n == 0 && errors.Is(err, ErrNotDone) {
			t.Errorf("command %d: %v", n, err)
		}
	}
}
