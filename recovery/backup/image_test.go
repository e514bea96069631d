package backup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// imaged is a list whose front is an image.
type imaged struct {
	stored
	image  storage.Image
	pieces []storage.Piece
}

func (s imaged) Image() storage.Image                  { return s.image }
func (s imaged) Piece(n uint32) (storage.Piece, error) { return s.pieces[n], nil }

// withImage is a list of so many entries, with an image of the first ones, and no
// chunks below it.
func withImage(t testing.TB, entries int, index uint64) imaged {
	t.Helper()
	s, _ := grown(t, entries)
	view := s.View()
	var older chunkMap
	_, older = grown(t, entries)
	chunks := chunkMap{}
	for n := index / protocol.ChunkEntries; n < uint64(entries/protocol.ChunkEntries); n++ {
		data, err := Of(nil, view, older).Chunk(n)
		must(t, err)
		chunks[n] = bytes.Clone(data)
	}
	out := imaged{stored: stored{s.AppendHead(nil), chunks}}
	for n := range uint32(3) {
		raw := bytes.Repeat(fmt.Appendf(nil, "piece %d of the image of %d. ", n, index), 10)
		p := storage.Piece{Number: n, Data: list.EncodePiece(nil, raw), Bytes: len(raw)}
		out.pieces = append(out.pieces, p)
		out.image.Add(p)
	}
	out.image.Index = index
	return out
}

func madeImage(t testing.TB, entries int, index uint64) []byte {
	t.Helper()
	return write(t, withImage(t, entries, index))
}

func write(t testing.TB, s Source) []byte {
	t.Helper()
	var out bytes.Buffer
	_, err := Write(&out, protocol.RoleServer, 77, time.UnixMilli(1_700_000_000_123), s, nil)
	must(t, err)
	return out.Bytes()
}

func TestABackupHasTheImageAndTheChunksBehindIt(t *testing.T) {
	for _, index := range []uint64{1, 1024, 2100, 3000, 3500, 5000} { // the last two are ahead of the list
		s := withImage(t, 3000, index)
		s.image.Generation = 9
		var out bytes.Buffer
		wrote, err := Write(&out, protocol.RoleServer, 77, time.UnixMilli(1_700_000_000_123), s, nil)
		must(t, err)
		r, err := NewReader(&out)
		must(t, err)
		s.image.Generation = 0 // which one it was in its store is nobody's business
		if r.Header() != wrote || wrote.Image != s.image || r.Header().First() != min(index/1024, 2) {
			t.Errorf("read %+v, wrote %+v", r.Header(), s.image)
		}
		for _, want := range s.pieces {
			if p, err := r.NextPiece(); err != nil || p.Number != want.Number || p.Bytes != want.Bytes || !bytes.Equal(p.Data, want.Data) {
				t.Errorf("piece %d: %v", want.Number, err)
			}
		}
		if _, err := r.NextPiece(); err != io.EOF {
			t.Errorf("behind the pieces: %v", err)
		}
		for n := r.Header().First(); n < 2; n++ {
			if data, err := r.Next(); err != nil || !bytes.Equal(data, s.chunkMap[n]) {
				t.Errorf("chunk %d: %v", n, err)
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("behind the chunks: %v", err)
		}
		must(t, r.End())
	}
}

func TestPiecesMayBePassedOver(t *testing.T) {
	r, err := NewReader(bytes.NewReader(madeImage(t, 3000, 1100)))
	must(t, err)
	if _, err := r.NextPiece(); err != nil {
		t.Error(err)
	}
	if _, err := r.Next(); err != nil {
		t.Error(err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Error(err)
	}
	must(t, r.End())
}

// Whoever wrote the file read another image than he said, or it changed below him.
func TestAnImageThatIsNotWholeIsNoBackup(t *testing.T) {
	for what, change := range map[string]func(*imaged){
		"a piece of another one":         func(s *imaged) { s.pieces[1] = withImage(t, 10, 77).pieces[1] },
		"a piece too few":                func(s *imaged) { s.image.Pieces-- },
		"no piece":                       func(s *imaged) { s.image.Pieces, s.image.Bytes = 0, 0 },
		"more than its pieces can hold":  func(s *imaged) { s.image.Bytes += 3 * list.MaxRawPiece },
		"more entries than lists have":   func(s *imaged) { s.image.Index = storage.MaxImageIndex + 1 },
		"an index that overflows":        func(s *imaged) { s.image.Index = 1<<64 - 6 },
		"something that does not decode": func(s *imaged) { s.pieces[2].Data = []byte("not a piece") },
	} {
		s := withImage(t, 1500, 1100)
		change(&s)
		if _, err := Verify(bytes.NewReader(write(t, s))); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A program from before there were images reads the backup of a list still, and
// refuses one with an image by its version.
func TestOnlyABackupWithAnImageHasANewVersion(t *testing.T) {
	for want, file := range map[uint32][]byte{1: made(t, 1500), 2: madeImage(t, 1500, 1100)} {
		if got := binary.LittleEndian.Uint32(file[8:]); got != want {
			t.Errorf("version %d, want %d", got, want)
		}
	}
}
