package node

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"paxos/protocol"
)

// randomUint64 seeds what must differ from one process to the next.
func randomUint64() uint64 {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(fmt.Sprintf("the system has no randomness: %v", err))
	}
	return binary.LittleEndian.Uint64(b[:])
}

// newNonce draws the nonce that names a client's session before it has an id.
func newNonce() (n protocol.Nonce, err error) {
	if _, err := rand.Read(n[:]); err != nil {
		return n, fmt.Errorf("draw a nonce for the session: %w", err)
	}
	return n, nil
}
