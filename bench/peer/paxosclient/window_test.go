package main

import (
	"errors"
	"io"
	"testing"
	"time"

	"paxos/bench/load"
)

func TestAWindowHandsOutNoMoreThanItHasRoomFor(t *testing.T) {
	const inFlight = 3
	w := newWindow(load.Phase{InFlight: inFlight, Bytes: 10, Duration: time.Hour}, load.NewPayloads())
	taken := make(chan int)
	go func() {
		defer close(taken)
		for n := 1; ; n++ {
			p, err := w.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if len(p) != 10 {
				n = -1000
			}
			taken <- n
		}
	}()
	for want := 1; want <= inFlight; want++ {
		if n := <-taken; n != want {
			t.Fatalf("took %d, want %d", n, want)
		}
	}
	w.mu.Lock()
	if !w.full() {
		t.Error("there is room for more than are to be in flight")
	}
	w.mu.Unlock()
	w.acked(2)
	for want := inFlight + 1; want <= inFlight+2; want++ {
		if n := <-taken; n != want {
			t.Fatalf("took %d, want %d", n, want)
		}
	}
	w.acked(5)
	w.stop()
	for range taken {
	}
	if r := w.meter.Result(); r.All != 5 {
		t.Errorf("%d acknowledged, want 5", r.All)
	}
}

func TestAWindowHandsOutOnePayloadEvenWhereItsTimeIsUp(t *testing.T) {
	w := newWindow(load.Phase{InFlight: 1, Bytes: 1}, load.NewPayloads())
	if _, err := w.next(); err != nil {
		t.Fatal(err)
	}
	w.acked(1)
	if _, err := w.next(); !errors.Is(err, io.EOF) {
		t.Errorf("error %v, want EOF", err)
	}
}
