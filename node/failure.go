package node

import "sync"

// failure is the first error of any of a process's goroutines (rule 9: it ends
// the process). It wakes the loop, wherever that waits.
type failure struct {
	wake func()
	once sync.Once
	err  error
	dead chan struct{} // closed when there is one
}

func newFailure(wake func()) *failure { return &failure{wake: wake, dead: make(chan struct{})} }

func (f *failure) fail(err error) {
	f.once.Do(func() {
		f.err = err
		close(f.dead)
		f.wake()
	})
}

// reason is the error, nil while there is none.
func (f *failure) reason() error {
	select {
	case <-f.dead:
		return f.err
	default:
		return nil
	}
}
