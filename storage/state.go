package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"paxos/protocol"
	"paxos/wal"
)

// Position is a place in the log.
type Position = wal.Position

// state is the small part of a checkpoint, kept in memory as the last durable
// one. It also holds the rest of the checkpoint together: the count and the
// checksum of the votes, and of the head, would show if a part of the database
// had got lost, or came from another checkpoint.
type state struct {
	stateFixed
	pins []protocol.Pin // ascending by acceptor
}

// stateFixed is encoded field by field, little-endian, without gaps;
// docs/storage.md has the table.
type stateFixed struct {
	Covers     Position
	Promised   protocol.Ballot
	Round      uint64
	Applied    protocol.Instance
	HasHead    bool
	HeadLen    uint64
	HeadSum    uint32 // CRC-32C
	ChunkCount uint64 // the head needs those below
	Votes      uint32 // how many
	VotesSum   uint32 // CRC-32C over their keys and values, in order
	Pins       uint32 // how many follow, 12 bytes each
}

func (s *state) encode() []byte {
	s.Pins = uint32(len(s.pins))
	b, err := binary.Append(nil, binary.LittleEndian, s.stateFixed)
	if err == nil {
		b, err = binary.Append(b, binary.LittleEndian, s.pins)
	}
	if err != nil {
		panic(fmt.Sprintf("storage: the state has a field of no fixed size: %v", err))
	}
	return b
}

func decodeState(data []byte) (state, error) {
	var s state
	n, err := binary.Decode(data, binary.LittleEndian, &s.stateFixed)
	if err != nil {
		return state{}, fmt.Errorf("state of %d bytes: %w", len(data), err)
	}
	rest := data[n:]
	if s.Pins > protocol.MaxAcceptors || len(rest) != int(s.Pins)*binary.Size(protocol.Pin{}) {
		return state{}, fmt.Errorf("state of %d bytes with %d pins", len(data), s.Pins)
	}
	if s.Pins > 0 {
		s.pins = make([]protocol.Pin, s.Pins)
		if _, err := binary.Decode(rest, binary.LittleEndian, s.pins); err != nil {
			return state{}, fmt.Errorf("pins of the state: %w", err)
		}
	}
	return s, s.check()
}

func (s *state) check() error {
	if s.Covers.Offset < 0 || !s.Promised.IsZero() && !s.Promised.Valid() {
		return fmt.Errorf("state with position %v and promise %v", s.Covers, s.Promised)
	}
	for i, p := range s.pins {
		if !p.Acceptor.Valid() || p.Store == 0 || i > 0 && p.Acceptor <= s.pins[i-1].Acceptor {
			return errors.New("state with pins out of order")
		}
	}
	return nil
}

// setHead notes what the head must look like when it is read back.
func (s *state) setHead(head []byte) {
	s.HasHead, s.HeadLen, s.HeadSum = head != nil, uint64(len(head)), crc32.Checksum(head, protocol.Castagnoli)
}

// checkHead compares a head (nil: there is none) with what was noted.
func (s *state) checkHead(head []byte) error {
	found := state{}
	found.setHead(head)
	if found.HasHead != s.HasHead || found.HeadLen != s.HeadLen || found.HeadSum != s.HeadSum {
		return fmt.Errorf("the head is not that of the checkpoint at instance %s", s.Applied)
	}
	return nil
}

// addVote counts a vote's key and value into the sum.
func (s *state) addVote(key, value []byte) {
	s.Votes++
	s.VotesSum = crc32.Update(crc32.Update(s.VotesSum, protocol.Castagnoli, key), protocol.Castagnoli, value)
}

// mustFollow panics if s takes back anything that before says: a checkpoint may
// only go forward.
func (s *state) mustFollow(before *state) {
	switch {
	case s.Promised.Less(before.Promised):
		panic(fmt.Sprintf("storage: rule 2: a checkpoint lowers the promise from %s to %s", before.Promised, s.Promised))
	case s.Round < before.Round:
		panic(fmt.Sprintf("storage: rule 3: a checkpoint lowers the round from %d to %d", before.Round, s.Round))
	case s.Applied < before.Applied:
		panic(fmt.Sprintf("storage: rule 7: a checkpoint lowers the applied instance from %s to %s", before.Applied, s.Applied))
	case s.ChunkCount < before.ChunkCount:
		panic(fmt.Sprintf("storage: rule 7: a checkpoint needs only %d chunks, the one before needs %d", s.ChunkCount, before.ChunkCount))
	case s.Covers.Less(before.Covers):
		panic(fmt.Sprintf("storage: rule 7: a checkpoint takes the log back from %v to %v", before.Covers, s.Covers))
	}
	// A pin may go when its acceptor is no member any more (rule 13). But no
	// acceptor is pinned to another store instead: ids are never used again.
	for _, p := range before.pins {
		if q, ok := pinOf(s.pins, p.Acceptor); ok && q != p {
			panic(fmt.Sprintf("storage: rule 10: a checkpoint pins acceptor %s to store %s instead of %s", p.Acceptor, q.Store, p.Store))
		}
	}
}

func pinOf(pins []protocol.Pin, id protocol.NodeID) (pin protocol.Pin, found bool) {
	for _, p := range pins {
		if p.Acceptor == id {
			return p, true
		}
	}
	return pin, false
}
