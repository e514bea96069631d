package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/protocol"
)

// applying is a machine that only applies.
type applying func(command []byte) any

func (f applying) Apply(command []byte) any { return f(command) }
func (applying) Snapshot(io.Writer) error   { return nil }
func (applying) Restore(io.Reader) error    { return nil }

// row is so many commands, as the list has them.
func row(count int) (block []byte) {
	for i := range count {
		block = protocol.AppendPayload(block, fmt.Append(nil, i))
	}
	return block
}

func TestWhoLooksWaitsForACommandAndNotForARow(t *testing.T) {
	const count = 1 << 17
	started, looked := make(chan struct{}), make(chan uint64, 1)
	first := true
	r := newReader(&Engine{options: Options{Machine: applying(func([]byte) any {
		if first {
			first = false
			close(started)
		}
		runtime.Gosched()
		return nil
	})}})
	go func() {
		<-started
		r.look(func() { looked <- r.next.Load() })
	}()
	if err := r.applyAll(t.Context(), 0, row(count)); err != nil {
		t.Fatal(err)
	}
	if at := <-looked; at == count {
		t.Errorf("who came with the first command was let in after the last of %d", at)
	}
}

func TestAPanicOfTheMachineNamesItsCommand(t *testing.T) {
	var log bytes.Buffer
	e := &Engine{log: hclog.New(&hclog.LoggerOptions{Output: &log})}
	e.options.Machine = applying(func(command []byte) any {
		if string(command) == "2" {
			panic("nobody can carry out a 2")
		}
		return nil
	})
	defer func() {
		if recover() == nil || !strings.Contains(log.String(), "index=102") {
			t.Errorf("the log says: %s", &log)
		}
	}()
	newReader(e).applyAll(t.Context(), 100, row(5))
}

// Each Propose gets the result of its own command, whatever becomes of the others:
// contexts that end, and the engine's end.
func TestEachResultIsThatOfItsCommand(t *testing.T) {
	o := newNodes(t, 1)[0].options
	o.Mount, o.Machine = true, applying(func(command []byte) any { return string(command) })
	e, err := Start(patient(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Stop() })
	var all sync.WaitGroup
	for caller := range 32 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(caller), 1))
			for n := range 100 {
				command := fmt.Sprintf("%d.%d", caller, n)
				ctx, cancel := context.WithTimeout(patient(t), []time.Duration{time.Duration(rng.IntN(2000)) * time.Microsecond, time.Hour}[rng.IntN(2)])
				result, err := e.Propose(ctx, []byte(command))
				cancel()
				switch {
				case err == nil && result != command:
					t.Errorf("the result of %s is %v", command, result)
				case err != nil && errors.Is(err, ErrUnknown) == errors.Is(err, ErrNotDone):
					t.Errorf("%s: one of the two it must be: %v", command, err)
				}
				if caller == 0 && n == 50 {
					go e.Stop()
				}
			}
		})
	}
	all.Wait()
}
