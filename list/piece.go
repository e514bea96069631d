package list

// MaxRawPiece is the longest raw piece of an image, in bytes: as much as a
// compressor looks back.
const MaxRawPiece = windowSize

// EncodePiece appends the encoded form of a piece of an image, 1 to MaxRawPiece
// bytes of what a state machine wrote: that of a chunk, but for what is in it.
func EncodePiece(dst, raw []byte) []byte { return encodeBlock(dst, raw, compress) }

// DecodePiece appends the raw piece and checks it. Errors are ErrCorrupt.
func DecodePiece(dst, encoded []byte) ([]byte, error) {
	return decodeBlock(dst, encoded, 1, MaxRawPiece)
}
