package storage

import (
	"encoding/binary"
	"fmt"

	"paxos/protocol"
	"paxos/storage/kv"
	"paxos/wal"
)

// What follows is for tools that look at a store's folder without opening it (see
// package inspect): the names in it and the bytes in the database, read by the same
// code as Open reads them with.

// The names in a store's folder, and the buckets and keys of its database.
const (
	IdentityName = identityName
	DatabaseName = databaseName
	LogName      = logName
	LockName     = lockName

	BucketMeta   = bucketMeta
	BucketVotes  = bucketVotes
	BucketChunks = bucketChunks
	BucketImages = bucketImages

	KeyIdentity = "identity"
	KeyState    = "state"
	KeyHead     = "head"
	KeyImages   = "images"

	// RecordFormatted is the type of the log's first record: the identity.
	RecordFormatted = recordFormatted
	// MaxIdentityBytes is more than an identity's text ever takes.
	MaxIdentityBytes = maxIdentityBytes
)

// DecodeIdentity reads the text of the file "identity", and of the key of that name.
func DecodeIdentity(text []byte) (Identity, error) { return decodeIdentity(text) }

// NumberKey is the key of a vote's instance, or of a chunk's number.
func NumberKey(n uint64) []byte { return numberKey(n) }

// PieceKey is the key of a piece of an image.
func PieceKey(generation, number uint32) []byte { return pieceKey(generation, number) }

// DecodeNumberKey reads such a key.
func DecodeNumberKey(key []byte) (uint64, error) {
	if len(key) != 8 {
		return 0, fmt.Errorf("key %x of %d bytes, not 8", key, len(key))
	}
	return binary.BigEndian.Uint64(key), nil
}

// Unseal checks a value as it stands in the database and returns it without its
// checksum.
func Unseal(b kv.Bucket, key, sealed []byte) ([]byte, error) {
	if value, ok := unsealed(b, key, sealed); ok {
		return value, nil
	}
	return nil, fmt.Errorf("the value of key %q in bucket %s has a wrong checksum", key, b)
}

// StateRecord is the state record of a checkpoint: all of it that is not a vote, the head
// or a chunk.
type StateRecord struct {
	Covers     Position // in the log: replay begins there
	Promised   protocol.Ballot
	Round      uint64
	Applied    protocol.Instance
	HasHead    bool
	HeadBytes  uint64
	ChunkCount uint64 // the head needs those below
	Votes      uint32 // how many are in the database
	Pins       []protocol.Pin

	state state
}

// DecodeStateRecord reads the value of the key "state".
func DecodeStateRecord(value []byte) (StateRecord, error) {
	st, err := decodeState(value)
	if err != nil {
		return StateRecord{}, err
	}
	return StateRecord{
		Covers: st.Covers, Promised: st.Promised, Round: st.Round, Applied: st.Applied, HasHead: st.HasHead,
		HeadBytes: st.HeadLen, ChunkCount: st.ChunkCount, Votes: st.Votes, Pins: st.pins, state: st,
	}, nil
}

// CheckHead compares a head (nil: there is none) with the one that the checkpoint
// was written with.
func (s *StateRecord) CheckHead(head []byte) error { return s.state.checkHead(head) }

// VoteCount counts and sums the votes of a database, as their checkpoint did.
type VoteCount struct{ found state }

// Add counts a vote; votes come in the order of their keys.
func (c *VoteCount) Add(key, value []byte) { c.found.addVote(key, value) }

// Check says whether these are the votes of the checkpoint, all of them.
func (c *VoteCount) Check(s *StateRecord) error {
	if c.found.Votes != s.state.Votes || c.found.VotesSum != s.state.VotesSum {
		return fmt.Errorf("%d votes instead of the %d of the checkpoint, or others", c.found.Votes, s.state.Votes)
	}
	return nil
}

// Replay folds a checkpoint and the records of the log into one state, as Open does.
type Replay struct{ r *restoring }

// NewReplay begins with what a checkpoint says.
func NewReplay(s StateRecord, head []byte) Replay {
	r := newRestoring()
	r.checkpoint(s.state, head)
	return Replay{r}
}

// Vote adds a vote of the checkpoint.
func (r Replay) Vote(v protocol.Vote) error { return r.r.vote(v) }

// Record adds a record of the log. Errors are ErrCorrupt.
func (r Replay) Record(at Position, typ uint8, payload []byte) error {
	return r.r.record(at, typ, payload)
}

// Done returns what it all adds up to.
func (r Replay) Done(log wal.Report) Restored { return r.r.done(log) }

// DecodeNamedImages reads the value of the key "images".
func DecodeNamedImages(value []byte) (Images, error) {
	named, err := decodeImages(value)
	if err == nil {
		err = named.check()
	}
	return named, err
}

// PieceCount counts and sums the pieces of images, in any order.
type PieceCount struct{ found map[uint32]Image }

// Add counts the piece that stands under a key.
func (c *PieceCount) Add(key, value []byte) error {
	n, err := DecodeNumberKey(key)
	if err != nil {
		return err
	}
	if c.found == nil {
		c.found = map[uint32]Image{}
	}
	i := c.found[uint32(n>>32)]
	i.Pieces++
	i.Sum += pieceSum(Piece{Number: uint32(n), Data: value})
	c.found[uint32(n>>32)] = i
	return nil
}

// Check says whether the pieces of the named images are those that were counted.
func (c *PieceCount) Check(named Images) error {
	for _, i := range []Image{named.Newest, named.Before} {
		if found := c.found[i.Generation]; i.Generation != 0 && (found.Pieces != i.Pieces || found.Sum != i.Sum) {
			return fmt.Errorf("image %d of the first %d entries has %d pieces instead of %d, or others", i.Generation, i.Index, found.Pieces, i.Pieces)
		}
	}
	return nil
}
