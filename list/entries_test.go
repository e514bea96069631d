package list

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"paxos/protocol"
)

const border = protocol.ChunkEntries

func TestChunkBordersDependOnTheIndexAlone(t *testing.T) {
	total := 3*border + 5
	want := oneByOne(total)
	for _, size := range []int{1, 7, border - 1, border, border + 1, total} {
		s := New(Options{})
		apply(s, nonceOf(1))
		for next := 1; next <= total; next += size {
			apply(s, runOf(1, protocol.Seq(next), min(size, total-next+1)))
		}
		got := s.TakeClosed()
		if !slices.EqualFunc(got, want, func(a, b Chunk) bool { return a.Number == b.Number && string(a.Raw) == string(b.Raw) }) {
			t.Errorf("runs of %d give %d other chunks", size, len(got))
		}
		if s.entries.count != 5 || s.Length() != uint64(total) {
			t.Errorf("runs of %d leave a tail of %d of %d entries, want 5 of %d", size, s.entries.count, s.Length(), total)
		}
	}
}

// oneByOne makes the chunks of session 1's first total commands by hand.
func oneByOne(total int) (chunks []Chunk) {
	var raw []byte
	for n := 1; n <= total; n++ {
		raw = protocol.AppendPayload(raw, fmt.Appendf(nil, "1/%d", n))
		if n%border == 0 {
			chunks = append(chunks, Chunk{uint64(len(chunks)), raw})
			raw = nil
		}
	}
	return chunks
}

func TestClosedChunksAreTakenOnce(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1), runOf(1, 1, border-1))
	if got := s.TakeClosed(); len(got) != 0 {
		t.Errorf("took %d chunks before one was full", len(got))
	}
	apply(s, runOf(1, border, border+1))
	if got := s.TakeClosed(); len(got) != 2 || got[0].Number != 0 || got[1].Number != 1 {
		t.Errorf("took %d chunks, want numbers 0 and 1", len(got))
	}
	if got := s.TakeClosed(); len(got) != 0 {
		t.Errorf("took %d chunks a second time", len(got))
	}
}

func TestCheckpointedChunksLeaveMemory(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1), runOf(1, 1, 3*border))
	s.TakeClosed()
	s.Checkpointed(2)
	s.Checkpointed(1) // late news of an older checkpoint
	if v := s.View(); v.InMemory() != 2*border || len(v.chunks) != 1 || v.chunks[0].Number != 2 {
		t.Errorf("from %d on in memory, want %d", v.InMemory(), 2*border)
	}
	apply(s, runOf(1, 3*border+1, border))
	if got := s.TakeClosed(); len(got) != 1 || got[0].Number != 3 {
		t.Errorf("took %v, want chunk 3", got)
	}
	if _, err := contents(s, 0, nil); err == nil {
		t.Error("chunk 0 was read though it left memory and no source has it")
	}
}

// A snapshot that the log overtook while it was written made chunks durable
// that this list closed itself and nobody took.
func TestChunksThatCameWithASnapshotNeedNotBeTaken(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1), runOf(1, 1, border))
	taken := s.TakeClosed()
	apply(s, runOf(1, border+1, 3*border+5))
	s.Checkpointed(3)
	s.Recycle(taken)
	if v := s.View(); v.InMemory() != 3*border || len(v.chunks) != 1 {
		t.Errorf("from %d on in memory, want %d", v.InMemory(), 3*border)
	}
	if n := len(s.entries.spare); n != 1 {
		t.Errorf("%d spare buffers, want the one that was taken", n)
	}
	apply(s, runOf(1, 4*border+6, border)) // uses the spare buffer
	if got := s.TakeClosed(); !slices.EqualFunc(got, oneByOne(5 * border)[3:], func(a, b Chunk) bool {
		return a.Number == b.Number && string(a.Raw) == string(b.Raw)
	}) {
		t.Errorf("took %d chunks, want 3 and 4 as they were", len(got))
	}
}

func TestOnlyClosedChunksAreCheckpointed(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1), runOf(1, 1, 2*border+5))
	mustPanic(t, "only closed chunks", func() { s.Checkpointed(3) })
	s.Checkpointed(2)
}

func TestSessionsOnlyKeepsNoEntries(t *testing.T) {
	s := New(Options{SessionsOnly: true})
	apply(s, nonceOf(1), runOf(1, 1, 5*border+7))
	s.Checkpointed(5)
	if s.Length() != 5*border+7 || len(s.TakeClosed()) != 0 || s.entries.tail != nil || s.View().Length() != 0 {
		t.Errorf("length %d, entries %+v; want the length and nothing else", s.Length(), s.entries)
	}
	if at, ok := s.Result(1, 5*border); !ok || at != 5*border-1 {
		t.Errorf("command is at %d (%v), want %d", at, ok, 5*border-1)
	}
}

func TestAFullChunkIsHandedOverWithoutACopy(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1), runOf(1, 1, border-1))
	s.entries.tail = slices.Grow(s.entries.tail, 100)
	tail := &s.entries.tail[0]
	apply(s, runOf(1, border, 1))
	if got := s.TakeClosed(); len(got) != 1 || &got[0].Raw[0] != tail {
		t.Error("the chunk is not the tail's buffer")
	}
}

func TestLengthIsBounded(t *testing.T) {
	s := New(Options{SessionsOnly: true})
	apply(s, nonceOf(1))
	s.length = maxLength - 1
	if e := apply(s, runOf(1, 1, 1)); len(e.Advanced) != 1 {
		t.Errorf("%+v, want the last entry there can be", e)
	}
	if at, _ := s.Result(1, 1); at != maxLength-1 {
		t.Errorf("command is at %d, want %d", at, uint64(maxLength-1))
	}
	mustPanic(t, "entries long", func() { apply(s, runOf(1, 2, 1)) })
}

func TestRecycledBuffersAreUsedAgain(t *testing.T) {
	s, older := New(Options{}), shelf{}
	apply(s, nonceOf(1))
	for n := range 20 {
		apply(s, runOf(1, protocol.Seq(n*border+1), border))
		closed := s.TakeClosed()
		older[closed[0].Number] = EncodeChunk(nil, closed[0].Raw)
		s.Checkpointed(uint64(n + 1))
		s.Recycle(closed)
		if len(s.entries.spare) != 1 || s.entries.spareBytes != cap(closed[0].Raw) {
			t.Fatalf("%d spare buffers, want 1: each is used for the next tail", len(s.entries.spare))
		}
	}
	if got, err := contents(s, 0, older); err != nil || len(got) != 20*border || got[20*border-1] != "1/20480" {
		t.Errorf("%d entries (%v), want %d", len(got), err, 20*border)
	}
}

// Otherwise the spare room stays full of short buffers, each tail grows out of one of
// them, and no long one is ever kept.
func TestShortSpareBuffersGiveWayToLongOnes(t *testing.T) {
	s, seq := New(Options{}), protocol.Seq(1)
	apply(s, nonceOf(1))
	round := func(chunks, size int) {
		block := bytes.Repeat(protocol.AppendPayload(nil, make([]byte, size)), border)
		for range chunks {
			apply(s, protocol.Run{Session: 1, First: seq, Count: border, Block: block})
			seq += border
		}
		closed := s.TakeClosed()
		s.Checkpointed(s.Length() / border)
		s.Recycle(closed)
	}
	round(500, 16)
	if free := maxSpare - s.entries.spareBytes; free > 32*border {
		t.Fatalf("%d bytes are left of the spare room; this test is about a full one", free)
	}
	round(2, 1000) // the first one does not know yet
	round(1, 1000)
	block := protocol.AppendPayload(nil, make([]byte, 1000))
	if n := testing.AllocsPerRun(10, func() {
		tail := s.entries.newTail(len(block))
		if cap(tail) < border*len(block) {
			t.Errorf("a tail begins with %d bytes, and needs %d", cap(tail), border*len(block))
		}
		s.Recycle([]Chunk{{Number: 0, Raw: tail}})
	}); n > 0 {
		t.Errorf("%v allocations for a tail, want none", n)
	}
	e := &s.entries
	for _, b := range e.spare[len(e.spare):cap(e.spare)] {
		if b != nil {
			t.Fatalf("a buffer of %d bytes that is in use, or was let go, is still held", cap(b))
		}
	}
}

func TestRecyclingKeepsItsHandsOffWhatIsRead(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1), runOf(1, 1, border+1))
	s.View()
	apply(s, runOf(1, border+2, 2*border))
	closed := s.TakeClosed() // 0 and 1 were viewed, one of them as the tail; 2 was not
	s.Checkpointed(2)
	mustPanic(t, "only checkpointed chunks", func() { s.Recycle(closed) })
	if len(s.entries.spare) != 0 {
		t.Errorf("%d buffers that a View holds were taken back", len(s.entries.spare))
	}
	s.Checkpointed(3)
	s.Recycle(closed)
	if len(s.entries.spare) != 1 {
		t.Errorf("%d spare buffers, want 1", len(s.entries.spare))
	}
}

func TestSpareBuffersAreBounded(t *testing.T) {
	s := New(Options{})
	apply(s, nonceOf(1), runOf(1, 1, 10*border))
	closed := s.TakeClosed()
	s.Checkpointed(10)
	for i := range closed {
		closed[i].Raw = make([]byte, maxSpare/3)
	}
	s.Recycle(closed)
	if len(s.entries.spare) != 3 {
		t.Errorf("%d spare buffers, want 3", len(s.entries.spare))
	}
}
