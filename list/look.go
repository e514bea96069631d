package list

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"paxos/protocol"
)

// SessionInfo is a session, for people to look at.
type SessionInfo struct {
	ID      protocol.SessionID
	Nonce   protocol.Nonce
	Last    protocol.Seq // last applied
	Used    uint64       // the use counter at its last use: the least is evicted first
	Results int          // of how many commands the list knows the places
}

// EachSession visits the sessions in the order of their ids, until visit returns an
// error, which it returns.
func (s *State) EachSession(visit func(SessionInfo) error) error {
	inOrder := slices.SortedFunc(maps.Values(s.sessions.byID), func(x, y *session) int { return cmp.Compare(x.id, y.id) })
	for _, ses := range inOrder {
		if err := visit(SessionInfo{ses.id, ses.nonce, ses.last, ses.used, ses.results.covered}); err != nil {
			return err
		}
	}
	return nil
}

// RestoreAny returns the state of a head, whether it has entries or only sessions:
// sessionsOnly says which.
func RestoreAny(head []byte) (s *State, sessionsOnly bool, err error) {
	s, err = RestoreState(head, Options{})
	if errors.Is(err, ErrSessionsOnly) {
		s, err = RestoreState(head, Options{SessionsOnly: true})
		return s, true, err
	}
	return s, false, err
}

// ChunkInfo is what an encoded chunk says of itself.
type ChunkInfo struct {
	RawBytes   int    // of its block
	Sum        uint32 // CRC-32C of its block
	Compressed bool   // or kept as it is
}

// PeekChunk checks an encoded chunk as far as it can without decompressing it.
// Errors are ErrCorrupt.
func PeekChunk(encoded []byte) (ChunkInfo, error) {
	sum, length, _, err := blockFields(encoded, protocol.ChunkEntries, MaxRawChunk)
	if err != nil {
		return ChunkInfo{}, err
	}
	return ChunkInfo{RawBytes: length, Sum: sum, Compressed: encoded[chunkHeader-1] == codecZstd}, nil
}
