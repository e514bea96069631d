package node

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"paxos/protocol"
	"paxos/storage"
	"paxos/storage/kv"
	"paxos/vfs"
)

// Rules 4 and 13: wherever a first start is interrupted, a later one whose options name
// other founders finds no store, or the true founders in it. For a server that joined,
// the options are only whom to ask.
func TestAnInterruptedFirstStartLeavesNoStoreWithoutFounders(t *testing.T) {
	places := map[string]func(h *hand, o *Options, n int){
		"files": func(h *hand, o *Options, n int) {
			o.FS = vfs.NewFaulty(h.fs, vfs.Fault{Kinds: vfs.OpChange, N: n, Forever: true, Short: true, Err: io.ErrShortWrite})
		},
		"database": func(h *hand, o *Options, n int) {
			o.OpenDB = kv.NewFaulty(h.db.Open, kv.Fault{N: n, Err: io.ErrShortWrite}).Open
		},
	}
	for name, interrupt := range places {
		n := 1
		for ; interruptedStart(t, fmt.Sprintf("operation %d on the %s", n, name), n, interrupt); n++ {
		}
		if n < 4 {
			t.Errorf("interrupted at %d operations on the %s, want more", n-1, name)
		}
	}
}

// interruptedStart reports whether the first start got as far as its n-th operation.
func interruptedStart(t *testing.T, at string, n int, interrupt func(*hand, *Options, int)) bool {
	t.Helper()
	w := newHands(t, uint64(n), 3)
	h := w.host(protocol.RoleServer, 1)
	h.tune = func(o *Options, _ *Env) { interrupt(h, o, n) }
	interrupted := h.open()
	h.crash()
	h.tune = func(*Options, *Env) {}

	w.voters = 1 // as if it had founded a cluster alone
	err := h.open()
	if errors.Is(err, storage.ErrNotFormatted) && interrupted != nil {
		h.crash()
		w.voters, h.lives = 3, 0 // there is no store: as for the first time
		err = h.open()
	}
	if err != nil {
		t.Errorf("%s: after %v: %v", at, interrupted, err)
		return interrupted != nil
	}
	members := h.process.Members()
	if len(members.First) != 3 || len(members.Voters) != 3 {
		t.Errorf("%s: after %v: founders %v, voters %v, want 3 of each", at, interrupted, members.First, members.Voters)
	}
	h.crash()
	return interrupted != nil
}
