package list

import (
	"bytes"
	"testing"

	"paxos/protocol"
)

// The fuzzers put the right checksum on what they try, to get past it.

func FuzzRestore(f *testing.F) {
	for _, s := range []*State{New(Options{}), sample(Options{}), sample(Options{SessionsOnly: true})} {
		head := s.AppendHead(nil)
		f.Add(head[:len(head)-sumSize])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		head := sealed(bytes.Clone(body))
		for _, o := range []Options{{}, {SessionsOnly: true}} {
			s, err := RestoreState(head, o)
			if err != nil {
				continue
			}
			if sessionsOnly := head[5] != 0; sessionsOnly == o.SessionsOnly && !bytes.Equal(s.AppendHead(nil), head) {
				t.Fatal("the restored state gives another head")
			}
			s.length = min(s.length, 1<<40) // room to go on
			s.applied = 0
			apply(s, nonceOf(1), runOf(1, 1, 1), runOf(2, 3, 2*border))
			_, _ = s.Result(1, 1)
		}
	})
}

func FuzzDecodeChunk(f *testing.F) {
	for _, raw := range [][]byte{numberChunk(), randomChunk(1), make([]byte, border)} {
		encoded := EncodeChunk(nil, raw)
		f.Add(encoded[:len(encoded)-sumSize])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		raw, err := DecodeChunk(nil, sealed(bytes.Clone(body)))
		if err != nil {
			return
		}
		if rest, err := protocol.SkipPayloads(raw, border); err != nil || len(rest) != 0 {
			t.Fatal("decoded chunk is not a chunk")
		}
		if again, err := DecodeChunk(nil, EncodeChunk(nil, raw)); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("decoded chunk does not go round: %v", err)
		}
	})
}

// FuzzPeekHead: what is read off a head without taking it is what it is.
func FuzzPeekHead(f *testing.F) {
	for _, s := range []*State{New(Options{}), sample(Options{}), sample(Options{SessionsOnly: true})} {
		head := s.AppendHead(nil)
		f.Add(head[:len(head)-sumSize])
		f.Add(head[:headPeek(head)])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _, _ = PeekHead(body)
		head := sealed(bytes.Clone(body))
		applied, length, err := PeekHead(head)
		s, whole := RestoreState(head, Options{SessionsOnly: true})
		if whole == nil && (err != nil || s.Applied() != applied || s.Length() != length) {
			t.Fatalf("peeked %d, %d (%v), restored %d, %d", applied, length, err, s.Applied(), s.Length())
		}
	})
}

func headPeek(head []byte) int { return min(len(head), 24) }
