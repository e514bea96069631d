package list

import (
	"testing"

	"paxos/protocol"
)

func TestAListThatSkippedGoesOnAtABorderAndIsNoOtherOne(t *testing.T) {
	s := New(Options{})
	s.Apply(1, protocol.Value(nil).AppendOpen(protocol.Nonce{1}), &protocol.Effects{})
	fill := func(count int) protocol.Value {
		last, _ := s.Session(1)
		run := protocol.Run{Session: 1, First: last + 1}
		for range count {
			run.Count++
			run.Block = protocol.AppendPayload(run.Block, []byte("7"))
		}
		return protocol.Value(nil).AppendRun(run)
	}
	s.Apply(2, fill(10), &protocol.Effects{})
	const border = 3 * protocol.ChunkEntries
	s.SkipTo(border)
	if s.Applied() != 3 || s.Length() != border || len(s.TakeClosed()) != 0 || s.View().InMemory() != border {
		t.Errorf("at instance %s, %d entries", s.Applied(), s.Length())
	}
	restored, err := RestoreState(s.AppendHead(nil), Options{})
	if err != nil || restored.Length() != border {
		t.Fatalf("its head: %v", err)
	}
	s.Apply(4, fill(protocol.ChunkEntries+1), &protocol.Effects{})
	closed := s.TakeClosed()
	if index, ok := s.Result(1, 12); !ok || index != border+1 || len(closed) != 1 || closed[0].Number != 3 {
		t.Errorf("the next entry is at %d, %v; %d chunks", index, ok, len(closed))
	}
	for _, to := range []uint64{0, border, 5*protocol.ChunkEntries + 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("it skipped to %d", to)
				}
			}()
			s.SkipTo(to)
		}()
	}
}
