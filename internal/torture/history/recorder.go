package history

import (
	"fmt"
	"sync"
	"time"
)

// Recorder keeps the history of a run. Its methods may be called by any goroutine; the
// order of the calls is the order of the history, and time never goes back in it.
//
// Invoke must be called before the request is sent, and the end after the answer was read:
// then what really overlapped overlaps in the history, and nothing else is claimed.
type Recorder struct {
	start time.Time

	mu        sync.Mutex
	processes int
	pending   map[int]Op // what each process does now
	ops       []Op
	longest   List // that was answered so far; shorter ones are mostly parts of it
}

// NewRecorder begins a history. Its times count from start, which should
// have a monotonic clock reading (time.Now).
func NewRecorder(start time.Time) *Recorder {
	return &Recorder{start: start, pending: make(map[int]Op)}
}

// NewProcess is a number that no process had so far, from 0 on.
func (r *Recorder) NewProcess() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.newProcess()
}

func (r *Recorder) newProcess() int {
	r.processes++
	return r.processes - 1
}

// Now is the time in the history, in nanoseconds.
func (r *Recorder) Now() int64 { return int64(time.Since(r.start)) }

// Invoke begins an operation of a process, which must not be doing another one.
func (r *Recorder) Invoke(process int, f F, value any) {
	r.InvokeAt(process, f, value, "", "")
}

// InvokeAt is Invoke, and says whose operation it is and which node is asked (see Op). The
// end of the operation says so too.
func (r *Recorder) InvokeAt(process int, f F, value any, client, node string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o, busy := r.pending[process]; busy {
		panic(fmt.Sprintf("history: process %d begins %s %v while it does %s %v", process, f, value, o.F, o.Value))
	}
	r.processes = max(r.processes, process+1)
	r.pending[process] = r.add(Op{Type: Invoke, F: f, Process: process, Value: value, Client: client, Node: node})
}

// OK ends a process's operation that was answered.
func (r *Recorder) OK(process int, value any) { r.end(process, OK, value, "") }

// Fail ends a process's operation that was not done, and never will be, for a reason.
func (r *Recorder) Fail(process int, reason string) { r.end(process, Fail, nil, reason) }

// Info ends a process's operation of which nobody knows if it was done. It returns the
// number under which its client goes on: the process is retired.
func (r *Recorder) Info(process int, reason string) (next int) {
	r.end(process, Info, nil, reason)
	return r.NewProcess()
}

// end keeps the end of what a process does. What was not answered keeps its value.
func (r *Recorder) end(process int, t Type, value any, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, busy := r.pending[process]
	if !busy {
		panic(fmt.Sprintf("history: process %d ends (%v) what it has not begun", process, t))
	}
	delete(r.pending, process)
	if o.Type, o.Error = t, reason; t == OK {
		o.Value = r.share(value)
	}
	r.add(o)
}

// Nemesis keeps what the nemesis does: once when it begins to do it, once when it is done.
func (r *Recorder) Nemesis(f F, value any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(Op{Type: Info, F: f, Process: Nemesis, Value: value})
}

func (r *Recorder) add(o Op) Op {
	o.Index, o.Time = len(r.ops), r.Now()
	if o.Index > 0 {
		o.Time = max(o.Time, r.ops[o.Index-1].Time)
	}
	r.ops = append(r.ops, o)
	return o
}

// Ops is a copy of the history so far. Its lists must not be changed.
func (r *Recorder) Ops() []Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Op(nil), r.ops...)
}

// share replaces an answer's list by a part of the longest one so far, if it is equal:
// otherwise 10,000 answers would hold 50 million numbers.
func (r *Recorder) share(value any) any {
	switch v := value.(type) {
	case List:
		return r.shared(v)
	case Appended:
		v.State = r.shared(v.State)
		return v
	}
	return value
}

func (r *Recorder) shared(list List) List {
	if list == nil {
		return nil
	}
	if len(list) > len(r.longest) {
		r.longest = list
	}
	for i, v := range list {
		if r.longest[i] != v {
			return list
		}
	}
	return r.longest[:len(list):len(list)]
}
