package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"paxos/protocol"
	"paxos/storage/kv"
)

// FuzzStoredValue: a value is what was stored under its bucket and key, or damage.
func FuzzStoredValue(f *testing.F) {
	f.Add([]byte("head"), []byte("a value"), []byte{}, uint8(0))
	f.Add(numberKey(1), []byte{}, []byte{1, 2, 3}, uint8(7))
	f.Add([]byte{}, []byte("x"), []byte("xxxx"), uint8(31))
	f.Fuzz(func(t *testing.T, key, value, raw []byte, bit uint8) {
		s := &Store{dbPath: "/db"}
		if got, err := s.unseal(bucketMeta, key, raw); err == nil && checksum(bucketMeta, key, got) != binary.LittleEndian.Uint32(raw[len(got):]) {
			t.Fatalf("%x was taken", raw)
		}
		sealed := binary.LittleEndian.AppendUint32(bytes.Clone(value), checksum(bucketMeta, key, value))
		if got, err := s.unseal(bucketMeta, key, sealed); err != nil || !bytes.Equal(got, value) {
			t.Fatalf("%x came back as %x: %v", value, got, err)
		}
		if _, err := s.unseal(bucketVotes, key, sealed); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("a value of another bucket: %v", err)
		}
		sealed[int(bit)%len(sealed)] ^= 1 << (bit % 8)
		if _, err := s.unseal(bucketMeta, key, sealed); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("a flipped bit: %v", err)
		}
	})
}

// FuzzCheckpoint reads a database of any state, head and vote, their checksums right: it is read as it stands or found
// damaged, and nothing else.
func FuzzCheckpoint(f *testing.F) {
	vote := &protocol.Voted{Vote: protocol.Vote{Ballot: protocol.Ballot{Round: 3, Proposer: 1, Incarnation: 9}, Instance: 5, Value: protocol.Value("v")}}
	st := newState(Position{Segment: 1, Offset: 2})
	f.Add(st.encode(), []byte{}, numberKey(5), vote.AppendTo(nil))
	st.addVote(numberKey(5), vote.AppendTo(nil))
	st.pins = []protocol.Pin{pin(1).Pin, pin(2).Pin}
	f.Add(st.encode(), []byte("head"), numberKey(5), vote.AppendTo(nil))
	f.Add([]byte{}, []byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, data, head, key, value []byte) {
		db, err := kv.NewMemory().Open("/db", true)
		must(t, err)
		if len(key) == 0 {
			key = numberKey(0)
		}
		must(t, db.Update(func(tx kv.Tx) error {
			must(t, put(tx, bucketMeta, keyState, data))
			if len(head) > 0 {
				must(t, put(tx, bucketMeta, keyHead, head))
			}
			return put(tx, bucketVotes, key, value)
		}))
		s := &Store{dbPath: "/db"}
		err = db.View(func(tx kv.Tx) error {
			st, got, err := s.readState(tx)
			if err != nil {
				return err
			}
			if !bytes.Equal(got, head) {
				t.Errorf("the head %x came back as %x", head, got)
			}
			return s.readVotes(tx, &st, func(v protocol.Vote) error {
				if again := (&protocol.Voted{Vote: v}).AppendTo(nil); !bytes.Equal(again, value) {
					t.Errorf("the vote %x came back as %x", value, again)
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("an error of another class: %v", err)
		}
	})
}
