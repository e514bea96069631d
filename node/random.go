package node

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"paxos/protocol"
)

// world is where a process takes its time and its randomness from, and who
// watches it: everything that does not follow from what it is sent. The zero world
// is the real one.
type world struct {
	now    func() protocol.Time // monotonic, from the process's start on
	began  time.Time            // when now was 0, for real alarms
	random func() uint64
	inline bool // no goroutines: whoever would wait for one does its work
	watch  Watch
}

func (w world) withDefaults() world {
	if w.now == nil {
		began := time.Now()
		w.began = began
		w.now = func() protocol.Time { return protocol.Time(time.Since(began)) }
	}
	if w.random == nil {
		w.random = randomUint64
	}
	return w
}

// nonce draws the nonce that names a session before it has an id.
func (w world) nonce() (n protocol.Nonce) {
	for i := 0; i < len(n); i += 8 {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], w.random())
		copy(n[i:], b[:])
	}
	return n
}

// store draws the id of a new store, which is not 0.
func (w world) store() protocol.StoreID {
	for {
		if id := protocol.StoreID(w.random()); id != 0 {
			return id
		}
	}
}

// randomUint64 draws from the system's cryptographic source.
func randomUint64() uint64 {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(fmt.Sprintf("the system has no randomness: %v", err))
	}
	return binary.LittleEndian.Uint64(b[:])
}
