package list

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

func TestAPieceOfAnImageComesBackOrIsRefused(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 100, shortBlock + 1, MaxRawPiece} {
		raw := make([]byte, size)
		for i := range raw {
			raw[i] = byte(rng.IntN(1 + i%7))
		}
		encoded := EncodePiece(nil, raw)
		if back, err := DecodePiece([]byte("x"), encoded); err != nil || !bytes.Equal(back[1:], raw) {
			t.Fatalf("%d bytes came back as %d, %v", size, len(back)-1, err)
		}
		damaged := bytes.Clone(encoded)
		damaged[rng.IntN(len(damaged))] ^= 1 << rng.IntN(8)
		if _, err := DecodePiece(nil, damaged); !errors.Is(err, ErrCorrupt) {
			t.Errorf("a damaged piece of %d bytes: %v", size, err)
		}
	}
	for _, raw := range [][]byte{nil, make([]byte, MaxRawPiece+1)} {
		if _, err := DecodePiece(nil, EncodePiece(nil, raw)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("a piece of %d bytes: %v", len(raw), err)
		}
	}
}
