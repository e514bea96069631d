package learner

import "paxos/protocol"

// Pieces answers a Fetch: the bytes it asks for, in pieces of at most
// pieceBytes bytes of data and at most budget bytes in all, but at least one
// piece. Data is the whole blob under the given number, sum its CRC-32C; the
// pieces share it. Empty data means that the blob is not here, and the answer
// says so.
func Pieces(kind protocol.BlobKind, number uint64, data []byte, sum uint32, fetch *protocol.Fetch, pieceBytes, budget int) []*protocol.Piece {
	if len(data) == 0 {
		return []*protocol.Piece{{Kind: kind, Number: number}}
	}
	first := min(uint64(fetch.Offset), uint64(len(data)))
	end := min(first+uint64(fetch.Length), uint64(len(data)))
	rest := data[first:end]
	var pieces []*protocol.Piece
	for len(rest) > 0 && (budget > 0 || len(pieces) == 0) {
		n := min(len(rest), max(min(pieceBytes, budget), 1))
		pieces = append(pieces, &protocol.Piece{Kind: kind, Number: number, Total: uint32(len(data)), Sum: sum,
			Offset: uint32(end) - uint32(len(rest)), Data: rest[:n:n]})
		rest, budget = rest[n:], budget-n
	}
	return pieces
}
