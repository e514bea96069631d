package wal

import (
	"encoding/binary"
	"hash/crc32"
)

// Sizes and limits of the format; docs/wal.md has them in byte tables.
const (
	// MaxRecordBytes is the longest payload of a record. It bounds the memory
	// that reading a damaged log can take.
	MaxRecordBytes = 1 << 20
	// MaxType is the highest type a record may have; the lowest is 1. Zero is
	// what unwritten space looks like, and those above are the log's own.
	MaxType = 0xEF

	frameHeaderBytes   = 8
	frameAlignment     = 8
	markerPayloadBytes = 24
	markerBytes        = frameHeaderBytes + markerPayloadBytes

	typeCommit = 0xFF // closes a batch
	typeClose  = 0xFE // a batch of its own, without records: the log was closed in order
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var order = binary.LittleEndian

// frameBytes returns what a frame with a payload of so many bytes takes.
func frameBytes(payload int) int {
	return (frameHeaderBytes + payload + frameAlignment - 1) &^ (frameAlignment - 1)
}

// frameWord is the second word of a frame's header: type and payload length.
func frameWord(typ uint8, payload int) uint32 { return uint32(payload)<<8 | uint32(typ) }

// frameCRC covers everything in a frame but the checksum: type, length, payload
// and padding.
func frameCRC(frame []byte) uint32 { return crc32.Checksum(frame[4:], castagnoli) }

// placeMask is what a frame's checksum is combined with, so that the frame is
// valid only where it was written: in this log, segment and offset. At one place
// the masks of two segments always differ, and in one segment those of two places
// (each step below is a bijection of 32 bits), so that what a segment's file held
// before it was recycled, or a frame that went astray, is never valid.
func placeMask(logID, segment uint64, offset int64) uint32 {
	x := uint32(segment) ^ uint32(offset/frameAlignment)*0x9E3779B1
	x ^= uint32(logID) ^ uint32(logID>>32)*0x85EBCA6B ^ uint32(segment>>32)
	x ^= x >> 16
	x *= 0x85EBCA6B
	x ^= x >> 13
	x *= 0xC2B2AE35
	return x ^ x>>16
}

// marker is the payload of the frame that closes a batch.
type marker struct {
	seq     uint64 // of the batch; the first in a log is 1, and none is left out
	bytes   uint32 // of the batch's records, which stand right before the marker
	records uint32
	sum     uint32 // CRC-32C of the records' headers (with unmasked checksums), in order
}

func (m marker) appendTo(buf []byte, typ uint8) []byte {
	buf = order.AppendUint32(buf, 0) // the checksum, see Batch.seal
	buf = order.AppendUint32(buf, frameWord(typ, markerPayloadBytes))
	buf = order.AppendUint64(buf, m.seq)
	buf = order.AppendUint32(buf, m.bytes)
	buf = order.AppendUint32(buf, m.records)
	buf = order.AppendUint32(buf, m.sum)
	return order.AppendUint32(buf, 0)
}

func decodeMarker(payload []byte) marker {
	return marker{
		seq:     order.Uint64(payload),
		bytes:   order.Uint32(payload[8:]),
		records: order.Uint32(payload[12:]),
		sum:     order.Uint32(payload[16:]),
	}
}
