package pages

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A page begins with its header:
//
//	0   8  its number             10  2  number of elements
//	8   2  flags: its kind        12  4  how many pages more it runs over
//
// A table of elements follows, 16 bytes each, and then their keys and values in the
// same order, without gaps. An element of a branch page:
//
//	0   4  where its key is, from the element's first byte on
//	4   4  bytes of the key
//	8   8  page with the keys from this one on
//
// and of a leaf page:
//
//	0   4  flags: 1 for a bucket  8   4  bytes of the key
//	4   4  where its key is       12  4  bytes of the value, which follows the key
const (
	headerBytes  = 16
	elementBytes = 16

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagMeta     = 0x04
	flagFreelist = 0x10

	flagBucket = 0x01 // of an element

	// MaxKeyBytes is the longest key that bbolt takes.
	MaxKeyBytes = 32768
)

type header struct {
	id       uint64
	flags    uint16
	count    int
	overflow uint64
}

func decodeHeader(b []byte) header {
	le := binary.LittleEndian
	return header{le.Uint64(b), le.Uint16(b[8:]), int(le.Uint16(b[10:])), uint64(le.Uint32(b[12:]))}
}

// source reads a page: from the file, or out of the value of a bucket that is so
// small that its only page is kept there.
type source struct {
	r  io.ReaderAt
	at int64 // of the page's first byte in the file
}

func (s source) read(b []byte, off int64) error {
	n, err := s.r.ReadAt(b, s.at+off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		return fmt.Errorf("the file ends at %d", s.at+off+int64(n))
	}
	return err
}

// windowBytes of a page are read at once; most pages are shorter.
const windowBytes = 16 << 10

// page is a page whose header was checked, with as much of it as is at hand.
type page struct {
	header
	source
	size   int64 // of all the pages that it runs over
	window []byte
	table  []byte
	last   []byte // key of the element before
	place  int64  // where the next element's data belong
}

// load reads the page at s, which has size bytes at most.
func (p *page) load(s source, h header, size int64) error {
	n := min(size, windowBytes)
	if int64(cap(p.window)) < n {
		p.window = make([]byte, windowBytes)
	}
	p.source, p.header, p.size, p.window = s, h, size, p.window[:n]
	p.place = headerBytes + elementBytes*int64(h.count)
	if err := s.read(p.window, 0); err != nil {
		return err
	}
	if p.place > size {
		return fmt.Errorf("%d elements in %d bytes", h.count, size)
	}
	table, err := p.bytes(headerBytes, elementBytes*int64(h.count))
	p.table = table
	return err
}

// bytes returns n bytes of the page.
func (p *page) bytes(off, n int64) ([]byte, error) {
	if off+n <= int64(len(p.window)) {
		return p.window[off : off+n : off+n], nil
	}
	buf := make([]byte, n)
	return buf, p.read(buf, off)
}

// Element is a key with its value, or with its bucket.
type Element struct {
	Key    []byte // valid during the call only
	Entry  int64  // where in the file its entry in the page's table is
	At     int64  // where the key begins; the value follows it
	Bytes  int64  // of the value
	Bucket bool   // the value is a bucket: see Tree

	page *page
	off  int64 // of the value within the page
}

// ValueAt is where in the file the value begins.
func (e *Element) ValueAt() int64 { return e.page.at + e.off }

// Value reads the value into buf, or into more memory if that is too short.
func (e *Element) Value(buf []byte) ([]byte, error) {
	if int64(cap(buf)) < e.Bytes {
		buf = make([]byte, e.Bytes)
	}
	buf = buf[:e.Bytes]
	if end := e.off + e.Bytes; end <= int64(len(e.page.window)) {
		copy(buf, e.page.window[e.off:end])
		return buf, nil
	}
	if err := e.page.read(buf, e.off); err != nil {
		return nil, fmt.Errorf("read %d bytes at %d: %w", e.Bytes, e.ValueAt(), err)
	}
	return buf, nil
}

// element reads element i, and says what is wrong with it; it may be of use all the same.
func (p *page) element(i int) (e Element, child uint64, wrong string, err error) {
	entry := p.table[elementBytes*i:]
	le := binary.LittleEndian
	at := headerBytes + elementBytes*int64(i)
	var pos, keyBytes int64
	if p.flags == flagBranch {
		pos, keyBytes, child = int64(le.Uint32(entry)), int64(le.Uint32(entry[4:])), le.Uint64(entry[8:])
	} else {
		pos, keyBytes, e.Bytes = int64(le.Uint32(entry[4:])), int64(le.Uint32(entry[8:])), int64(le.Uint32(entry[12:]))
		e.Bucket = le.Uint32(entry)&flagBucket != 0
		if flags := le.Uint32(entry); flags&^flagBucket != 0 {
			wrong = fmt.Sprintf("element %d has the unknown flags %#x", i, flags)
		}
	}
	begin := at + pos
	end := begin + keyBytes + e.Bytes
	switch {
	case keyBytes == 0 || keyBytes > MaxKeyBytes:
		return e, 0, wrong, fmt.Errorf("element %d has a key of %d bytes", i, keyBytes)
	case begin < headerBytes+elementBytes*int64(p.count) || end > p.size:
		return e, 0, wrong, fmt.Errorf("element %d lies at %d to %d in a page of %d bytes", i, begin, end, p.size)
	case begin != p.place:
		wrong = fmt.Sprintf("element %d lies at %d of its page, the one before it ends at %d", i, begin, p.place)
	}
	p.place = end
	e.page, e.off, e.Entry, e.At = p, begin+keyBytes, p.at+at, p.at+begin
	e.Key, err = p.bytes(begin, keyBytes)
	return e, child, wrong, err
}
