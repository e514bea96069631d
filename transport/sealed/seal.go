package sealed

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"math"
	"sync/atomic"

	"paxos/protocol"
)

// sealer is the sender's half. Two datagrams under one key must never have the
// same nonce: with GMAC, whoever sees two such can forge any others. Here the
// nonce holds a number that only grows within a group, the group has a place of
// its own in it, and the key is that of a sender id which is drawn anew before the
// numbers of a group end. The clock, which may be set back, is not relied on.
//
// It is not for several goroutines at once.
type sealer struct {
	keys  *keyring
	aead  cipher.AEAD
	next  [protocol.Groups]uint64 // numbers that were not used yet
	nonce nonce
	self  atomic.Uint64 // our sender id; the receiver's half reads it
}

func newSealer(keys *keyring) *sealer {
	s := &sealer{keys: keys}
	s.draw()
	return s
}

// draw makes us a sender that nobody has heard of.
func (s *sealer) draw() {
	var random [8]byte
	rand.Read(random[:]) // it cannot fail: the program would end
	id := binary.LittleEndian.Uint64(random[:])
	s.aead = s.keys.sender(id)
	s.next = [protocol.Groups]uint64{}
	s.self.Store(id)
}

// seal appends payload and its trailer to b, which must not lie in it.
func (s *sealer) seal(b []byte, group protocol.Group, now uint32, payload []byte) []byte {
	if s.next[group] > math.MaxUint32 {
		s.draw()
	}
	st := stamp{sender: s.self.Load(), time: now, number: uint32(s.next[group])}
	s.next[group]++
	start := len(b)
	b = append(b, payload...)
	b = st.append(b)
	return s.aead.Seal(b, s.nonce.set(group, st), nil, b[start:])
}
