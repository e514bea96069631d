package maelstrom

import (
	"context"
	"errors"
	"testing"
	"time"

	"paxos/protocol"
)

// block is entries in the form in which the engine hands them out.
func block(t *testing.T, commands ...command) (b []byte) {
	t.Helper()
	for _, c := range commands {
		entry, err := encodeText(c)
		if err != nil {
			t.Fatal(err)
		}
		b = protocol.AppendPayload(b, entry)
	}
	return b
}

func TestAReadWaitsForTheEntriesBeforeIt(t *testing.T) {
	r := newReplica("me")
	look := ops(t, `[{"do":"r","key":1}]`)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errNoPeer)
	if _, err := r.read(ctx, 1, look); !errors.Is(err, errNoPeer) {
		t.Errorf("a read of one entry that is not there: %v", err)
	}
	read := make(chan answer, 1)
	go func() {
		a, err := r.read(t.Context(), 2, look)
		if err != nil {
			t.Error(err)
		}
		read <- a
	}()
	for value, text := range []string{`[{"do":"w","key":1,"value":1}]`, `[{"do":"w","key":1,"value":2}]`} {
		time.Sleep(5 * time.Millisecond) // for a read that does not wait
		if err := r.entries(uint64(value), 1, block(t, command{"other", 1, ops(t, text)})); err != nil {
			t.Fatal(err)
		}
	}
	if got := (<-read).show(); got != "2" {
		t.Errorf("it read %s", got)
	}
}

// The result of a command is that of its place in the list, whatever follows.
func TestWhoWaitsHearsTheResultAtItsPlace(t *testing.T) {
	r := newReplica("me")
	swap := ops(t, `[{"do":"cas","key":1,"from":1,"value":2}]`)
	first, firstDone := r.command(swap)
	second, secondDone := r.command(swap)
	third, thirdDone := r.command(swap)
	r.forget(third)
	other := command{"other", first.Seq, ops(t, `[{"do":"w","key":1,"value":1}]`)}
	if err := r.entries(0, 5, block(t, other, second, third, first, other)); err != nil {
		t.Fatal(err)
	}
	if a := <-secondDone; a.failure != nil {
		t.Errorf("the first in the list: %v", a.failure)
	}
	if a := <-firstDone; a.failure == nil || a.failure.code != codePrecondition {
		t.Errorf("a later one: %+v", a)
	}
	if len(thirdDone) != 0 || len(r.waiting) != 0 {
		t.Error("a command that was forgotten is answered, or remembered")
	}
}

func TestAnEntryThatIsNoCommandEndsTheNode(t *testing.T) {
	r := newReplica("me")
	if err := r.entries(0, 1, protocol.AppendPayload(nil, []byte("x"))); err == nil {
		t.Error("it was taken")
	}
}
