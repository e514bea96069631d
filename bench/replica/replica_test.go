package replica

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"paxos/bench/load"
)

// fake is a driver that answers what it is told.
type fake struct {
	closed chan struct{}
}

func (f *fake) Ready(context.Context) bool { return true }

func (f *fake) Run(_ context.Context, p load.Phase) (load.Result, error) {
	if p.Bytes == 0 {
		return load.Result{}, errors.New("nothing to send")
	}
	return load.Result{Operations: uint64(p.InFlight), P50: p.Duration}, nil
}

func (f *fake) Close() error {
	close(f.closed)
	return nil
}

func TestAParentHasItsChildMakeLoad(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	f := &fake{closed: make(chan struct{})}
	ended := make(chan error)
	go func() { ended <- Serve(ctx, dir, f) }()
	bounded, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := Dial(bounded, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if ready, err := r.Ready(bounded); err != nil || !ready {
		t.Errorf("ready: %v, %v", ready, err)
	}
	result, err := r.Run(bounded, load.Phase{InFlight: 7, Bytes: 1, Duration: time.Second})
	if err != nil || result.Operations != 7 || result.P50 != time.Second {
		t.Errorf("%+v, %v", result, err)
	}
	if _, err := r.Run(bounded, load.Phase{}); err == nil || !strings.Contains(err.Error(), "nothing to send") {
		t.Errorf("error %v, want what the driver said", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	<-f.closed
}

func TestDialGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Dial(ctx, t.TempDir()); err == nil {
		t.Error("reached a child that is not there")
	}
}
