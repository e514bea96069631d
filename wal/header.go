package wal

import (
	"bytes"
	"fmt"
	"hash/crc32"
)

const (
	headerBytes   = 64
	formatVersion = 1
)

var magic = []byte("\x89WALSEG\n")

// header is the beginning of every segment's file.
type header struct {
	segment uint64
	logID   uint64
	size    int64 // of the file, in bytes
}

func (h header) encode() []byte {
	buf := make([]byte, headerBytes)
	copy(buf, magic)
	order.PutUint32(buf[8:], formatVersion)
	order.PutUint32(buf[12:], headerBytes)
	order.PutUint64(buf[16:], h.segment)
	order.PutUint64(buf[24:], h.logID)
	order.PutUint64(buf[32:], uint64(h.size))
	order.PutUint32(buf[headerBytes-4:], crc32.Checksum(buf[:headerBytes-4], castagnoli))
	return buf
}

// decodeHeader returns an error that says what is wrong with the bytes, if they
// are no header of this version.
func decodeHeader(buf []byte) (header, error) {
	switch {
	case len(buf) < headerBytes:
		return header{}, fmt.Errorf("no room for a header: %d bytes", len(buf))
	case !bytes.Equal(buf[:len(magic)], magic):
		return header{}, fmt.Errorf("not the header of a segment: it begins %x", buf[:len(magic)])
	case order.Uint32(buf[headerBytes-4:]) != crc32.Checksum(buf[:headerBytes-4], castagnoli):
		return header{}, fmt.Errorf("the header's checksum is wrong")
	case order.Uint32(buf[8:]) != formatVersion:
		return header{}, fmt.Errorf("format version %d, this program knows %d", order.Uint32(buf[8:]), formatVersion)
	}
	return header{
		segment: order.Uint64(buf[16:]),
		logID:   order.Uint64(buf[24:]),
		size:    int64(order.Uint64(buf[32:])),
	}, nil
}
