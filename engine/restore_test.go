package engine

import (
	"errors"
	"io"
	"sync"
	"testing"

	"paxos/list"
	"paxos/storage"
)

// restored is a machine whose Restore is the test's.
type restored struct {
	restore func(call int, e *Engine, from io.Reader) error
	started chan *Engine
	engine  *Engine
	calls   int
	whole   bool // by the test; guarded as any machine's state
}

func (m *restored) Apply([]byte) any         { return nil }
func (m *restored) Snapshot(io.Writer) error { return nil }
func (m *restored) Restore(from io.Reader) error {
	if m.engine == nil {
		m.engine = <-m.started
	}
	m.calls++
	m.whole = false
	return m.restore(m.calls, m.engine, from)
}

// startRestoring starts a node whose store has an image, with some entries behind it.
func startRestoring(t *testing.T, m *restored) *Engine {
	t.Helper()
	n := often(newNodes(t, 1))[0]
	n.start()
	overwrite(t, n, 200)
	for range 4 {
		propose(t, n, "short")
	}
	n.stop()
	m.started = make(chan *Engine, 1)
	n.options.Machine = m
	e, err := Start(patient(t), n.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Stop() })
	m.started <- e
	return e
}

// replaceImages names two newer images, so that the others are dropped.
func replaceImages(t *testing.T, e *Engine) {
	for range 2 {
		w, err := e.node.BeginImage()
		if err == nil {
			err = w.Put(storage.Piece{Data: list.EncodePiece(nil, []byte("newer")), Bytes: 5})
		}
		if err == nil {
			err = w.Finish(e.node.Images().Newest.Index + 1)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// The machine even overlooks that it could not read the image.
func TestAnImageThatIsReplacedWhileItIsReadIsNotSeen(t *testing.T) {
	var looks sync.WaitGroup
	m := &restored{}
	m.restore = func(call int, e *Engine, from io.Reader) error {
		if call == 1 {
			looks.Go(func() {
				e.Look(func() {
					if !m.whole {
						t.Error("somebody saw a machine that was restored in part")
					}
				})
			})
			replaceImages(t, e)
		}
		data, err := io.ReadAll(from)
		m.whole = string(data) == "newer"
		if m.whole != (call == 2) || m.whole != (err == nil) {
			t.Errorf("Restore %d read %d bytes: %v", call, len(data), err)
		}
		return nil
	}
	e := startRestoring(t, m)
	err := e.Query(patient(t), func() {
		if !m.whole {
			t.Error("somebody read from a machine that was restored in part")
		}
	})
	looks.Wait()
	if err != nil || m.calls != 2 {
		t.Errorf("after %d calls of Restore: %v", m.calls, err)
	}
}

func TestNobodyLooksAtAMachineThatCouldNotBeRestored(t *testing.T) {
	var looks sync.WaitGroup
	never := func() { t.Error("somebody saw it") }
	m := &restored{}
	m.restore = func(_ int, e *Engine, _ io.Reader) error {
		looks.Go(func() { e.Look(never) })
		looks.Go(func() {
			if err := e.Query(patient(t), never); err == nil {
				t.Error("a query of it has no error")
			}
		})
		return errBroken
	}
	e := startRestoring(t, m)
	<-e.Failed()
	looks.Wait()
	e.Look(never)
	// What a Query gets whose Read was done before.
	if err := e.look(never); !errors.Is(err, ErrMachine) || !errors.Is(err, errBroken) {
		t.Errorf("a look says: %v", err)
	}
}

func TestStopDoesNotWaitForARestore(t *testing.T) {
	m := &restored{}
	m.restore = func(_ int, e *Engine, from io.Reader) error {
		e.cancel() // the first that Stop does
		data, err := io.ReadAll(from)
		if len(data) > 0 || !errors.Is(err, ErrStopped) {
			t.Errorf("Restore read %d bytes: %v", len(data), err)
		}
		return err
	}
	e := startRestoring(t, m)
	_ = e.reader.wait(patient(t), 1)
	if err := e.Stop(); err != nil {
		t.Errorf("the engine ended with: %v", err)
	}
	if err := e.look(func() { t.Error("somebody saw it") }); !errors.Is(err, ErrStopped) {
		t.Errorf("a look says: %v", err)
	}
}
