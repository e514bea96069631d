package list

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"paxos/protocol"
)

// An encoded chunk:
//
//	0   4  CRC-32C of the raw block: the same everywhere, however it is compressed
//	4   4  length of the raw block
//	8   1  codec: 0 raw, 1 zstd
//	9   n  the block, encoded
//	..  4  CRC-32C of all before: checked before anything is decompressed
const (
	chunkHeader = 9
	sumSize     = 4

	codecRaw  = 0
	codecZstd = 1
)

// EncodeChunk appends the encoded form of a chunk's raw block: compressed, or
// as it is where that is not longer. The same block gives the same bytes.
func EncodeChunk(dst, raw []byte) []byte { return encodeBlock(dst, raw, compress) }

// EncodeBriefChunk is EncodeChunk for a chunk that will not be kept for long: it
// takes a fraction of the time, and finds repetitions only.
func EncodeBriefChunk(dst, raw []byte) []byte { return encodeBlock(dst, raw, compressQuickly) }

func encodeBlock(dst, raw []byte, compress func(dst, raw []byte) []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, checksum(raw))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(raw)))
	dst = append(dst, codecZstd)
	if len(raw) >= leastCompressed {
		dst = compress(dst, raw)
	}
	if body := start + chunkHeader; len(raw) < leastCompressed || len(dst)-body >= len(raw) {
		dst[body-1] = codecRaw
		dst = append(dst[:body], raw...)
	}
	return binary.LittleEndian.AppendUint32(dst, checksum(dst[start:]))
}

// leastCompressed is what compression is worth the trouble for, in bytes: all
// chunks, and not the last bit of an image. (Of shorter blocks the compressor does
// not note the length.)
const leastCompressed = protocol.ChunkEntries

// DecodeChunk appends the raw block of an encoded chunk and checks it in full:
// exactly protocol.ChunkEntries payloads. It allocates no more than the block
// takes, at most MaxRawChunk bytes. Errors are ErrCorrupt.
func DecodeChunk(dst, encoded []byte) ([]byte, error) {
	start := len(dst)
	dst, err := decodeBlock(dst, encoded, protocol.ChunkEntries, MaxRawChunk)
	if err != nil {
		return nil, err
	}
	rest, err := protocol.SkipPayloads(dst[start:], protocol.ChunkEntries)
	if err != nil || len(rest) != 0 {
		return nil, fmt.Errorf("%w: chunk does not hold exactly %d entries", ErrCorrupt, protocol.ChunkEntries)
	}
	return dst, nil
}

// decodeBlock appends the raw block, of at least and at most so many bytes, of what
// encodeBlock made, and checks it.
func decodeBlock(dst, encoded []byte, least, most int) ([]byte, error) {
	sum, length, body, err := blockFields(encoded, least, most)
	if err != nil {
		return nil, err
	}
	start := len(dst)
	if encoded[chunkHeader-1] == codecRaw {
		dst = append(dst, body...)
	} else if dst, err = decompress(dst, body, length); err != nil {
		return nil, err
	}
	raw := dst[start:]
	if len(raw) != length || checksum(raw) != sum {
		return nil, fmt.Errorf("%w: chunk's content does not match its length or checksum", ErrCorrupt)
	}
	return dst, nil
}

// blockFields checks everything about an encoded block that can be known without
// decompressing it.
func blockFields(encoded []byte, least, most int) (sum uint32, length int, body []byte, err error) {
	if len(encoded) < chunkHeader+sumSize {
		return 0, 0, nil, fmt.Errorf("%w: chunk of %d bytes is too short", ErrCorrupt, len(encoded))
	}
	if len(encoded) > chunkHeader+most+sumSize {
		return 0, 0, nil, fmt.Errorf("%w: chunk of %d bytes is too long", ErrCorrupt, len(encoded))
	}
	end := len(encoded) - sumSize
	if checksum(encoded[:end]) != binary.LittleEndian.Uint32(encoded[end:]) {
		return 0, 0, nil, fmt.Errorf("%w: chunk has a wrong checksum", ErrCorrupt)
	}
	sum, body = binary.LittleEndian.Uint32(encoded), encoded[chunkHeader:end]
	length = int(binary.LittleEndian.Uint32(encoded[4:]))
	if length < least || length > most {
		return 0, 0, nil, fmt.Errorf("%w: chunk says it holds %d bytes", ErrCorrupt, length)
	}
	switch codec := encoded[chunkHeader-1]; {
	case codec > codecZstd:
		err = fmt.Errorf("%w: chunk has the unknown codec %d", ErrCorrupt, codec)
	case codec == codecRaw && len(body) != length, codec == codecZstd && len(body) >= length:
		err = fmt.Errorf("%w: chunk of %d bytes has %d bytes of codec %d", ErrCorrupt, length, len(body), codec)
	}
	return sum, length, body, err
}

// decompress appends what body holds: one zstd frame of length bytes. It never
// writes past that length, whatever the frame says.
func decompress(dst, body []byte, length int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(body); err != nil || h.Skippable || !h.HasFCS || h.FrameContentSize != uint64(length) {
		return nil, fmt.Errorf("%w: chunk's zstd frame is not one of %d bytes: %v", ErrCorrupt, length, err)
	}
	dst = slices.Grow(dst, length)
	raw, err := decompressor().DecodeAll(body, dst[:len(dst):len(dst)+length])
	if err != nil {
		return nil, fmt.Errorf("%w: chunk: %v", ErrCorrupt, err)
	}
	return raw, nil
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, protocol.Castagnoli) }

// windowSize bounds what a compressor keeps in memory, in bytes. Few chunks of
// small values are longer.
const windowSize = 256 << 10

// The compressors are shared: they keep no state from one call to the next.
// The quick one finds repetitions only; the thorough one also counts bytes,
// which halves numbers and text but takes ten times as long on random bytes.
var (
	quick    = sync.OnceValue(func() *zstd.Encoder { return newCompressor(false) })
	thorough = sync.OnceValue(func() *zstd.Encoder { return newCompressor(true) })
)

func newCompressor(thorough bool) *zstd.Encoder {
	return must(zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(windowSize),
		zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false), zstd.WithAllLitEntropyCompression(thorough)))
}

const (
	probeSize  = 2 << 10  // bytes at the front of a block that show what it is like
	shortBlock = 16 << 10 // bytes up to which it is not worth asking
)

// compress appends raw as one zstd frame. Where the thorough compressor gains
// less than a sixteenth on the front of the block, the quick one does the rest.
func compress(dst, raw []byte) []byte {
	if len(raw) > shortBlock {
		probed := len(thorough().EncodeAll(raw[:probeSize], dst)) - len(dst)
		if probed > probeSize-probeSize/16 {
			return quick().EncodeAll(raw, dst)
		}
	}
	return thorough().EncodeAll(raw, dst)
}

func compressQuickly(dst, raw []byte) []byte { return quick().EncodeAll(raw, dst) }

// decompressor is shared, too. It writes into the space it is given, no further.
var decompressor = sync.OnceValue(func() *zstd.Decoder {
	return must(zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecodeAllCapLimit(true),
		zstd.WithDecoderMaxMemory(MaxRawChunk)))
})

// must is for constructors whose only errors are wrong options.
func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("list: zstd options are valid: %v", err))
	}
	return v
}
