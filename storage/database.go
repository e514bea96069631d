package storage

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"paxos/protocol"
	"paxos/storage/kv"
)

// The database's buckets and keys.
const (
	bucketMeta   kv.Bucket = "meta"   // the keys below
	bucketVotes  kv.Bucket = "votes"  // instance -> vote
	bucketChunks kv.Bucket = "chunks" // number -> chunk
	bucketImages kv.Bucket = "images" // generation and number -> piece
)

var (
	keyIdentity = []byte("identity")
	keyState    = []byte("state")
	keyHead     = []byte("head")
	keyImages   = []byte("images") // missing while there never was one
)

// numberKey is big-endian, so that keys are in the order of their numbers.
func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

const sumBytes = 4

// ChunkRoom is what the checksum of a chunk with Room takes behind its Data, in bytes.
const ChunkRoom = sumBytes

// checksum covers bucket, key and value: a value that strayed is not believed.
func checksum(b kv.Bucket, key, value []byte) uint32 {
	sum := crc32.Checksum([]byte(b), protocol.Castagnoli)
	sum = crc32.Update(sum, protocol.Castagnoli, key)
	return crc32.Update(sum, protocol.Castagnoli, value)
}

// put stores a value with its checksum behind it. The value is copied.
func put(tx kv.Tx, b kv.Bucket, key, value []byte) error {
	return seal(tx, b, key, append(make([]byte, 0, len(value)+sumBytes), value...))
}

// seal is put of a value that is the store's own: the checksum is written behind it
// where it stands, if there is room.
func seal(tx kv.Tx, b kv.Bucket, key, value []byte) error {
	return tx.Put(b, key, binary.LittleEndian.AppendUint32(value, checksum(b, key, value)))
}

// get returns a value that is checked, or nil if there is none. It is valid in
// the transaction only.
func (s *Store) get(tx kv.Tx, b kv.Bucket, key []byte) ([]byte, error) {
	sealed := tx.Get(b, key)
	if sealed == nil {
		return nil, nil
	}
	return s.unseal(b, key, sealed)
}

func (s *Store) unseal(b kv.Bucket, key, sealed []byte) ([]byte, error) {
	value, err := Unseal(b, key, sealed)
	if err != nil {
		return nil, s.damaged("%v", err)
	}
	return value, nil
}

// unsealed is the value without its checksum, if that is right.
func unsealed(b kv.Bucket, key, sealed []byte) ([]byte, bool) {
	n := len(sealed) - sumBytes
	if n < 0 || checksum(b, key, sealed[:n]) != binary.LittleEndian.Uint32(sealed[n:]) {
		return nil, false
	}
	return sealed[:n:n], true
}

func (s *Store) damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrCorrupt, s.dbPath, fmt.Sprintf(format, args...))
}

// readState reads the identity and the state, and returns a head that is checked
// against them; all three are valid in the transaction only.
func (s *Store) readState(tx kv.Tx) (st state, head []byte, err error) {
	data, err := s.get(tx, bucketMeta, keyState)
	if err != nil {
		return state{}, nil, err
	}
	if data == nil {
		return state{}, nil, s.damaged("the state is missing")
	}
	if st, err = decodeState(data); err != nil {
		return state{}, nil, s.damaged("%v", err)
	}
	if head, err = s.get(tx, bucketMeta, keyHead); err != nil {
		return state{}, nil, err
	}
	if err := st.checkHead(head); err != nil {
		return state{}, nil, s.damaged("%v", err)
	}
	return st, head, nil
}

// readIdentity returns the identity that the database was formatted with, and
// none if it was not.
func (s *Store) readIdentity(tx kv.Tx) (id Identity, found bool, err error) {
	data, err := s.get(tx, bucketMeta, keyIdentity)
	if err != nil || data == nil {
		return Identity{}, false, err
	}
	if id, err = decodeIdentity(data); err != nil {
		return Identity{}, false, s.damaged("identity: %v", err)
	}
	return id, true, nil
}

// readVotes hands out every vote that st counts, in ascending order.
func (s *Store) readVotes(tx kv.Tx, st *state, do func(protocol.Vote) error) error {
	var found state
	err := tx.Each(bucketVotes, nil, func(key, sealed []byte) error {
		value, err := s.unseal(bucketVotes, key, sealed)
		if err != nil {
			return err
		}
		found.addVote(key, value)
		rec, err := protocol.DecodeRecord(protocol.RecordVoted, value)
		if err != nil {
			return s.damaged("vote %x: %v", key, err)
		}
		return do(rec.(*protocol.Voted).Vote)
	})
	if err != nil {
		return err
	}
	if found.Votes != st.Votes || found.VotesSum != st.VotesSum {
		return s.damaged("%d votes instead of the %d of the checkpoint, or others", found.Votes, st.Votes)
	}
	return nil
}

// voteBytes is what a vote takes beside its value, at most, and with its checksum.
const voteBytes = 64

// writeVotes replaces all votes, and notes them in st.
func writeVotes(tx kv.Tx, st *state, votes []protocol.Vote) error {
	if err := tx.Clear(bucketVotes); err != nil {
		return err
	}
	for i := range votes {
		key := numberKey(uint64(votes[i].Instance))
		value := (&protocol.Voted{Vote: votes[i]}).AppendTo(make([]byte, 0, len(votes[i].Value)+voteBytes))
		if err := seal(tx, bucketVotes, key, value); err != nil {
			return err
		}
		st.addVote(key, value)
	}
	return nil
}

// writeChunks stores chunks. They are immutable: what stands is kept.
func writeChunks(tx kv.Tx, chunks []Chunk) error {
	for _, c := range chunks {
		key := numberKey(c.Number)
		if tx.Get(bucketChunks, key) != nil {
			continue
		}
		store := put
		if c.Room {
			store = seal
		}
		if err := store(tx, bucketChunks, key, c.Data); err != nil {
			return err
		}
	}
	return nil
}
