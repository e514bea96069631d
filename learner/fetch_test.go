package learner

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"paxos/protocol"
)

// store is a peer with a snapshot: a head and its chunks.
type store struct {
	self   protocol.Sender
	head   Blob
	chunks [][]byte
	piece  int
	budget int
}

func (s *store) answer(m *protocol.Fetch) []*protocol.Piece {
	if m.Target != s.self.Peer {
		return nil
	}
	var data []byte
	number := m.Number
	switch {
	case m.Kind == protocol.BlobHead && (m.Number == 0 || m.Number == s.head.Number):
		data, number = s.head.Data, s.head.Number
	case m.Kind == protocol.BlobChunk && m.Number < uint64(len(s.chunks)):
		data = s.chunks[m.Number]
	}
	return Pieces(m.Kind, number, data, crc32.Checksum(data, protocol.Castagnoli), m, s.piece, s.budget)
}

// noise makes n bytes that depend on seed.
func noise(seed, n int) []byte {
	data := make([]byte, n)
	x := uint32(seed)*2654435761 + 1
	for i := range data {
		x = x*1664525 + 1013904223
		data[i] = byte(x >> 24)
	}
	return data
}

// transfer runs a fetcher against stores until it is done or has failed.
type transfer struct {
	t      rapid.TB
	f      *Fetcher
	stores []*store
	now    protocol.Time
	lose   func() bool
	mix    func([]event) []event
	head   Blob
	chunks map[uint64][]byte
	from   uint64 // first chunk wanted
	busy   bool   // chunks are not taken: the own disk has not written the last ones yet
}

func (x *transfer) run(peer protocol.Peer) error {
	x.chunks = map[uint64][]byte{}
	var out protocol.Output
	x.f.Start(x.now, peer, &out)
	x.carry(&out)
	for round := 0; x.f.Failed() == nil && !x.f.Done(); round++ {
		if round > 20000 {
			x.t.Fatalf("no end in sight: %d under way, %d chunks", x.f.underWay(), len(x.chunks))
		}
		at, ok := x.f.Deadline()
		if !ok {
			x.t.Fatalf("nothing is due, and it is not done")
		}
		x.now = max(x.now, at)
		var out protocol.Output
		x.f.Tick(x.now, &out)
		x.carry(&out)
	}
	return x.f.Failed()
}

// carry brings Fetches to the stores and their pieces back.
func (x *transfer) carry(out *protocol.Output) {
	x.check()
	var flying []event
	for _, send := range out.Now {
		for _, s := range x.stores {
			if x.lose() {
				continue
			}
			for _, p := range s.answer(send.Msg.(*protocol.Fetch)) {
				if !x.lose() {
					flying = append(flying, event{s.self, p})
				}
			}
		}
	}
	for _, e := range x.mix(flying) {
		var next protocol.Output
		x.f.Step(x.now, e.from, e.m.(*protocol.Piece), &next)
		x.take(&next)
		x.carry(&next)
	}
}

func (x *transfer) take(out *protocol.Output) {
	if head, ok := x.f.TakeHead(); ok {
		x.head = head
		x.f.WantChunks(x.now, x.from, uint64(len(x.stores[0].chunks)), out)
	}
	if x.busy {
		return
	}
	for _, c := range x.f.TakeChunks() {
		if _, twice := x.chunks[c.Number]; twice {
			x.t.Fatalf("chunk %d came twice", c.Number)
		}
		x.chunks[c.Number] = c.Data
	}
}

func (x *transfer) check() {
	largest := 0
	for _, c := range x.stores[0].chunks {
		largest = max(largest, len(c))
	}
	if n := x.f.underWay(); n > x.f.cfg.Window {
		x.t.Fatalf("%d bytes under way, window %d", n, x.f.cfg.Window)
	}
	if n := x.f.buffered(); n > x.f.cfg.MaxBuffered+largest && len(x.chunks) > 0 {
		x.t.Fatalf("%d bytes in memory, limit %d and a chunk", n, x.f.cfg.MaxBuffered)
	}
}

func never() bool                  { return false }
func inOrder(list []event) []event { return list }

// Whatever is lost, repeated or reordered, the whole snapshot comes, once, with
// never more under way than the window and never more in memory than the limit.
func TestASnapshotArrivesWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStore(t)
		loss := rapid.Uint64Range(0, 60).Draw(t, "percent lost")
		coin := rapid.Uint64().Draw(t, "coin")
		dice := func(n uint64) uint64 {
			coin = coin*6364136223846793005 + 1442695040888963407
			return coin >> 33 % n
		}
		x := &transfer{t: t, stores: []*store{s}, from: uint64(rapid.IntRange(0, len(s.chunks)).Draw(t, "have")),
			lose: func() bool { return dice(100) < loss },
			mix: func(list []event) []event { // repeats one and swaps two
				for n := uint64(len(list)); n > 1; n = 0 {
					list = append(list, list[dice(n)])
					i, j := dice(n), dice(n)
					list[i], list[j] = list[j], list[i]
				}
				return list
			}}
		x.f = NewFetcher(FetcherConfig{Window: rapid.IntRange(200, 5000).Draw(t, "window"), IdleTimeout: time.Hour,
			MaxBuffered: rapid.IntRange(1, 5000).Draw(t, "buffer")})
		if err := x.run(s.self.Peer); err != nil {
			t.Fatal(err)
		}
		x.complete()
	})
}

// A slow disk of one's own holds the transfer back: neither does memory grow
// beyond the limit and a chunk, nor is it taken for a peer that is silent.
func TestASlowDiskHoldsTheTransferBack(t *testing.T) {
	s := aStore(1)
	s.piece, s.budget = 1000, 1<<20
	s.chunks = nil
	for i := range 40 {
		s.chunks = append(s.chunks, noise(i, 1000))
	}
	x := new(transfer).on(t, s)
	x.f = NewFetcher(FetcherConfig{MaxBuffered: 4500})
	x.busy = true
	x.chunks = map[uint64][]byte{}
	var out protocol.Output
	x.f.Start(0, s.self.Peer, &out)
	x.carry(&out)
	for second := range protocol.Time(30) {
		x.pass(second * protocol.Time(time.Second))
		if n := x.f.buffered(); n > 4500+1000 || x.f.Failed() != nil {
			t.Fatalf("%d bytes in memory, error %v", n, x.f.Failed())
		}
	}
	x.busy = false
	x.take(&out)
	x.pass(x.now.Add(time.Second))
	if !x.f.Done() {
		t.Fatalf("%d chunks after the disk was free again, error %v", len(x.chunks), x.f.Failed())
	}
	x.complete()
}

// pass lets time pass until at, with every Tick that is due.
func (x *transfer) pass(at protocol.Time) {
	for {
		due, ok := x.f.Deadline()
		if !ok || due > at {
			x.now = at
			return
		}
		x.now = max(x.now, due)
		var out protocol.Output
		x.f.Tick(x.now, &out)
		x.carry(&out)
	}
}

func drawStore(t *rapid.T) *store {
	s := &store{self: acceptor(1), piece: rapid.IntRange(50, 1000).Draw(t, "piece"), budget: rapid.IntRange(100, 4000).Draw(t, "budget")}
	s.head = Blob{Number: 77, Data: noise(1, rapid.IntRange(1, 3000).Draw(t, "head"))}
	for i := range rapid.IntRange(0, 12).Draw(t, "chunks") {
		s.chunks = append(s.chunks, noise(i, rapid.IntRange(1, 3000).Draw(t, "chunk")))
	}
	return s
}

// complete checks that all that was wanted came, byte for byte.
func (x *transfer) complete() {
	s := x.stores[0]
	if x.head.Number != s.head.Number || !bytes.Equal(x.head.Data, s.head.Data) {
		x.t.Fatalf("head %d of %d bytes", x.head.Number, len(x.head.Data))
	}
	if len(x.chunks) != len(s.chunks)-int(x.from) {
		x.t.Fatalf("%d chunks of %d", len(x.chunks), len(s.chunks)-int(x.from))
	}
	for n := x.from; n < uint64(len(s.chunks)); n++ {
		if !bytes.Equal(x.chunks[n], s.chunks[n]) {
			x.t.Fatalf("chunk %d differs", n)
		}
	}
}

func aStore(id protocol.NodeID) *store {
	return &store{self: acceptor(id), head: Blob{Number: 5, Data: noise(0, 100)}, chunks: [][]byte{noise(1, 50), noise(2, 60)}, piece: 30, budget: 1000}
}

func (x *transfer) on(t rapid.TB, stores ...*store) *transfer {
	x.t, x.stores, x.lose, x.mix = t, stores, never, inOrder
	x.f = NewFetcher(FetcherConfig{MaxHead: 1000, MaxChunk: 1000})
	return x
}

// A transfer that cannot succeed ends, and says why.
func TestATransferThatCannotSucceedFails(t *testing.T) {
	for want, spoil := range map[string]func(*store){
		"has no head":                     func(s *store) { s.head = Blob{} },
		"offers head of 1001 bytes":       func(s *store) { s.head.Data = noise(1, 1001) },
		"offers chunk 1 of 2000 bytes":    func(s *store) { s.chunks[1] = noise(1, 2000) },
		"has no chunk 1":                  func(s *store) { s.chunks[1] = nil },
		"acceptor 1: nothing came for 2s": func(s *store) { s.self = acceptor(2) },
		"no intact head in 8 attempts":    func(s *store) { s.self.Store = 0 }, // see below
	} {
		s := aStore(1)
		spoil(s)
		x := new(transfer).on(t, s)
		if s.self.Store == 0 {
			x.mix = func(list []event) []event {
				for _, e := range list {
					e.m.(*protocol.Piece).Sum++
				}
				return list
			}
		}
		if err := x.run(acceptor(1).Peer); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if _, ok := x.f.Deadline(); ok {
			t.Errorf("%s: still something due", want)
		}
	}
}

// After a failure another peer can be asked.
func TestAnotherPeerIsAskedAfterAFailure(t *testing.T) {
	x := new(transfer).on(t, aStore(2))
	if x.run(acceptor(1).Peer) == nil {
		t.Fatal("acceptor 1 does not exist")
	}
	if err := x.run(acceptor(2).Peer); err != nil {
		t.Fatal(err)
	}
	x.complete()
}

// The peer checkpoints while its head is under way: the newer head is taken.
func TestAHeadThatWasReplacedIsAskedForAgain(t *testing.T) {
	s := aStore(1)
	x := new(transfer).on(t, s)
	x.f.cfg.Window = 40
	pieces := 0
	x.mix = func(list []event) []event {
		if pieces += len(list); pieces > 1 && s.head.Number == 5 {
			s.head = Blob{Number: 6, Data: noise(9, 90)}
		}
		return list
	}
	if err := x.run(s.self.Peer); err != nil {
		t.Fatal(err)
	}
	x.complete()
}

// Others' pieces are used where they fit, and harm nobody where they do not.
func TestPiecesThatOthersAskedForAreUsed(t *testing.T) {
	f := NewFetcher(FetcherConfig{})
	var out protocol.Output
	f.Start(0, acceptor(1).Peer, &out)
	s := aStore(2)
	tell := func(from protocol.Sender, kind protocol.BlobKind, number uint64, data []byte, change uint32) {
		for _, p := range Pieces(kind, number, data, crc32.Checksum(data, protocol.Castagnoli)+change, &protocol.Fetch{Length: 1000}, 30, 1000) {
			f.Step(0, from, p, &out)
		}
	}
	tell(acceptor(2), protocol.BlobHead, 5, s.head.Data, 0)
	if _, ok := f.TakeHead(); ok {
		t.Fatal("another peer's head was taken for the newest of the one that was asked")
	}
	tell(acceptor(1), protocol.BlobHead, 5, s.head.Data[:50], 0)
	if head, ok := f.TakeHead(); !ok || head.Number != 5 {
		t.Fatal("no head")
	}
	f.WantChunks(0, 0, 2, &out)
	tell(acceptor(2), protocol.BlobChunk, 7, s.chunks[0], 0) // nobody wants it
	tell(acceptor(2), protocol.BlobChunk, 1, s.chunks[1], 0)
	f.Step(0, acceptor(1), &protocol.Piece{Kind: protocol.BlobChunk, Number: 0, Total: 50, Sum: crc32.Checksum(s.chunks[0], protocol.Castagnoli), Data: s.chunks[0][:20]}, &out)
	tell(acceptor(3), protocol.BlobChunk, 0, s.chunks[0], 1) // another blob under the same number
	if got := f.TakeChunks(); len(got) != 1 || got[0].Number != 1 || f.Done() {
		t.Fatalf("chunks %v", got)
	}
	f.Step(0, acceptor(2), &protocol.Piece{Kind: protocol.BlobChunk, Number: 0, Total: 50, Sum: crc32.Checksum(s.chunks[0], protocol.Castagnoli), Offset: 20, Data: s.chunks[0][20:]}, &out)
	if got := f.TakeChunks(); len(got) != 1 || !bytes.Equal(got[0].Data, s.chunks[0]) || !f.Done() {
		t.Fatalf("chunks %v", got)
	}
}

// However pieces overlap, a blob knows which of its bytes are here.
func TestABlobKnowsItsMissingBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := noise(1, rapid.IntRange(1, 60).Draw(t, "size"))
		sum := crc32.Checksum(data, protocol.Castagnoli)
		here := make([]bool, len(data))
		b := &blob{kind: protocol.BlobChunk}
		b.begin(&protocol.Piece{Total: uint32(len(data)), Sum: sum})
		for range rapid.IntRange(1, 30).Draw(t, "pieces") {
			first := rapid.IntRange(0, len(data)-1).Draw(t, "first")
			end := rapid.IntRange(first, len(data)).Draw(t, "end")
			isNew := false
			for i := first; i < end; i++ {
				isNew = isNew || !here[i]
				here[i] = true
			}
			if b.add(&protocol.Piece{Offset: uint32(first), Data: data[first:end]}) != isNew {
				t.Fatalf("%d to %d: new should be %t", first, end, isNew)
			}
			missing := make([]bool, len(data))
			for _, e := range b.missing {
				for i := e.first; i < e.end; i++ {
					missing[i] = true
				}
			}
			for i := range data {
				if missing[i] == here[i] {
					t.Fatalf("byte %d: here %t, missing %t", i, here[i], missing[i])
				}
			}
			if b.complete() && !b.intact() {
				t.Fatal("complete, but damaged")
			}
		}
	})
}

// A head that needs no chunks is the whole transfer.
func TestAHeadAloneIsDone(t *testing.T) {
	x := new(transfer).on(t, aStore(1))
	x.from = 2
	if err := x.run(acceptor(1).Peer); err != nil {
		t.Fatal(err)
	}
	x.complete()
	var out protocol.Output
	x.f.WantChunks(0, 0, 2, &out) // too late
	if len(out.Now) != 0 || !x.f.Done() || x.f.Peer() != acceptor(1).Peer {
		t.Errorf("%d messages, done %t", len(out.Now), x.f.Done())
	}
}

// Pieces cover exactly what was asked for, within the budget.
func TestPiecesCoverTheFetch(t *testing.T) {
	data := noise(3, 100)
	for offset := range uint32(102) {
		for _, length := range []uint32{0, 1, 30, 99, 100, 1 << 31} {
			for _, budget := range []int{1, 25, 1000} {
				got := Pieces(protocol.BlobChunk, 4, data, 9, &protocol.Fetch{Offset: offset, Length: length}, 20, budget)
				want := data[min(offset, 100):min(uint64(offset)+uint64(length), 100)]
				if offset >= 100 {
					want = nil
				}
				want = want[:min(len(want), budget)]
				checkPieces(t, got, data, want, int(offset))
			}
		}
	}
	if got := Pieces(protocol.BlobHead, 0, nil, 0, &protocol.Fetch{Length: 10}, 20, 100); len(got) != 1 || got[0].Total != 0 {
		t.Errorf("nothing is told as %v", got)
	}
}

func checkPieces(t *testing.T, got []*protocol.Piece, data, want []byte, offset int) {
	t.Helper()
	var joined []byte
	for _, p := range got {
		if int(p.Offset) != offset+len(joined) || int(p.Total) != len(data) || p.Sum != 9 || p.Number != 4 || len(p.Data) > 20 {
			t.Fatalf("piece %+v after %d bytes", p, len(joined))
		}
		joined = append(joined, p.Data...)
	}
	if !bytes.Equal(joined, want) {
		t.Fatalf("got %d bytes from %d, want %d", len(joined), offset, len(want))
	}
}

// What a snapshot of 100 chunks costs without loss.
func BenchmarkFetch(b *testing.B) {
	s := &store{self: acceptor(1), head: Blob{Number: 1, Data: noise(1, 1000)}, piece: 8000, budget: 1 << 20}
	for i := range 100 {
		s.chunks = append(s.chunks, noise(i, 20000))
	}
	b.SetBytes(100 * 20000)
	b.ReportAllocs()
	for b.Loop() {
		x := new(transfer).on(b, s)
		x.f = NewFetcher(FetcherConfig{})
		if err := x.run(s.self.Peer); err != nil {
			b.Fatal(fmt.Sprint(err))
		}
	}
}
