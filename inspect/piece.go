package inspect

import (
	"bytes"
	"errors"

	"paxos/storage"
	"paxos/storage/kv"
)

// Piece finds the damage that hides a piece of an image, for who knows that there is some:
// on the way to the piece, or in it. The zero Finding is none.
func (f *Folder) Piece(generation, number uint32) (damage Finding, err error) {
	return f.damageOf(storage.BucketImages, storage.PieceKey(generation, number))
}

// DamagedChunk does that for a chunk of the list.
func (f *Folder) DamagedChunk(number uint64) (damage Finding, err error) {
	return f.damageOf(storage.BucketChunks, storage.NumberKey(number))
}

func (f *Folder) damageOf(bucket kv.Bucket, key []byte) (damage Finding, err error) {
	report := f.report
	defer func() { f.report = report }()
	f.report = func(found Finding) {
		if damage.File == "" {
			damage = found
		}
	}
	enough := errors.New("enough")
	err = f.values(bucket, key, func(s stored) error {
		if damage.File == "" && bytes.Equal(s.key, key) {
			damage = Finding{File: f.path(storage.DatabaseName), Offset: s.at, Detail: "what stands there cannot be decoded"}
		}
		return enough
	})
	if errors.Is(err, enough) {
		err = nil
	}
	return damage, err
}
