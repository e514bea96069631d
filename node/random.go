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

// randomNonce draws the nonce that names a session before it has an id.
func randomNonce() (n protocol.Nonce) {
	if _, err := rand.Read(n[:]); err != nil {
		panic(fmt.Sprintf("the system has no randomness: %v", err))
	}
	return n
}
