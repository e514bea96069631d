package learner

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"paxos/protocol"
)

// FuzzPieces gives a fetcher pieces of any shape. What it hands out has the checksum that its pieces named, and it
// holds no more than it may.
func FuzzPieces(f *testing.F) {
	piece := func(kind byte, number, offset, total, size byte) []byte {
		return []byte{kind, number, offset, total, size}
	}
	f.Add([]byte("0123456789"), append(piece(1, 3, 0, 10, 5), piece(1, 3, 5, 10, 5)...))
	f.Add([]byte("0123456789"), append(piece(1, 3, 5, 10, 5), piece(1, 3, 0, 10, 6)...))
	f.Add([]byte("0123456789"), append(piece(1, 3, 0, 10, 10), piece(2, 0, 0, 10, 10)...))
	f.Add([]byte("0123456789"), append(piece(1, 3, 0, 10, 5), piece(1, 4, 0, 9, 9)...))
	f.Add([]byte("0123456789"), piece(1, 3, 255, 10, 5))
	f.Fuzz(func(t *testing.T, content, pieces []byte) {
		fetcher := NewFetcher(FetcherConfig{MaxHead: 100, MaxChunk: 100, MaxBuffered: 200})
		var out protocol.Output
		fetcher.Start(0, acceptor(1).Peer, &out)
		for ; len(pieces) >= 5; pieces = pieces[5:] {
			m := pieceOf(content, pieces)
			if data := protocol.AppendMessage(nil, 1, acceptor(1), m); !readable(data) {
				continue // the codec lets no such piece in
			}
			fetcher.Step(0, acceptor(1), m, &out)
			if head, ok := fetcher.TakeHead(); ok {
				wantIntact(t, content, head.Data)
				fetcher.WantChunks(0, 0, 3, &out)
			}
			for _, chunk := range fetcher.TakeChunks() {
				wantIntact(t, content, chunk.Data)
			}
			fetcher.Tick(0, &out)
		}
	})
}

func readable(data []byte) bool {
	_, _, err := protocol.DecodeMessage(1, data)
	return err == nil
}

// pieceOf makes a piece out of five bytes: kind, number, offset, total, size. Its checksum is that of the content.
func pieceOf(content, code []byte) *protocol.Piece {
	total := min(int(code[3]), len(content))
	data := content[min(int(code[2]), len(content)):]
	return &protocol.Piece{
		Kind: protocol.BlobKind(code[0]), Number: uint64(code[1]), Offset: uint32(code[2]), Total: uint32(code[3]),
		Sum: crc32.Checksum(content[:total], protocol.Castagnoli), Data: data[:min(int(code[4]), len(data))],
	}
}

func wantIntact(t *testing.T, content, got []byte) {
	t.Helper()
	if want := crc32.Checksum(content[:min(len(got), len(content))], protocol.Castagnoli); crc32.Checksum(got, protocol.Castagnoli) != want {
		t.Fatalf("%d bytes were handed out that are not what was sent", binary.Size(got))
	}
}
