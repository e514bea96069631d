package pages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// PageBytes is the size of a page: that of all databases which package kv makes.
const PageBytes = 4096

// MetaBytes is what counts of a meta page; it stands behind the page's header.
const MetaBytes = 64

const (
	magic   = 0xED0CDAED
	version = 2
)

// Meta is the root of everything, as one transaction left it. Its bytes:
//
//	0   4  magic 0xED0CDAED      24  8  root bucket's sequence
//	4   4  version 2             32  8  page of the free list
//	8   4  page size             40  8  number of pages
//	12  4  flags                 48  8  transaction
//	16  8  root page             56  8  FNV-1a of the 56 bytes before
type Meta struct {
	Root        uint64
	Sequence    uint64
	Freelist    uint64
	Pages       uint64 // in use or free; what lies behind them was never written
	Transaction uint64
}

// DecodeMeta checks and decodes the MetaBytes of a meta page.
func DecodeMeta(p []byte) (Meta, error) {
	if len(p) < MetaBytes {
		return Meta{}, errors.New("the file ends in it")
	}
	u32, u64 := binary.LittleEndian.Uint32, binary.LittleEndian.Uint64
	switch {
	case u32(p) != magic:
		return Meta{}, fmt.Errorf("it begins with %#x, which is not bbolt's %#x", u32(p), uint32(magic))
	case u64(p[56:]) != metaSum(p):
		return Meta{}, errors.New("its checksum is wrong")
	case u32(p[4:]) != version:
		return Meta{}, fmt.Errorf("version %d of bbolt's format, this program knows %d", u32(p[4:]), version)
	case u32(p[8:]) != PageBytes:
		return Meta{}, fmt.Errorf("pages of %d bytes, this program knows %d", u32(p[8:]), PageBytes)
	}
	return Meta{Root: u64(p[16:]), Sequence: u64(p[24:]), Freelist: u64(p[32:]), Pages: u64(p[40:]), Transaction: u64(p[48:])}, nil
}

func metaSum(p []byte) uint64 {
	sum := fnv.New64a()
	sum.Write(p[:56])
	return sum.Sum64()
}

// Problem is something that is wrong in the file.
type Problem struct {
	Offset int64 // bytes from the beginning of the file
	Detail string
}

func (p Problem) Error() string { return fmt.Sprintf("at offset %d: %s", p.Offset, p.Detail) }

// File is the file of a database.
type File struct {
	name string
	r    io.ReaderAt
	size int64
}

// New returns a File of so many bytes; name stands in errors of Newest.
func New(name string, r io.ReaderAt, size int64) *File { return &File{name: name, r: r, size: size} }

// Size is what New was told.
func (f *File) Size() int64 { return f.size }

// MetaPage reads one of the two meta pages, number 0 or 1.
func (f *File) MetaPage(number int) (Meta, error) {
	page := make([]byte, headerBytes+MetaBytes)
	n, err := f.r.ReadAt(page, int64(number)*PageBytes)
	if err != nil && err != io.EOF {
		return Meta{}, Problem{int64(number) * PageBytes, fmt.Sprintf("meta page %d cannot be read: %v", number, err)}
	}
	m, err := DecodeMeta(page[min(n, headerBytes):n])
	if err == nil {
		h := decodeHeader(page)
		if h.id != uint64(number) || h.flags != flagMeta || h.count != 0 || h.overflow != 0 {
			err = fmt.Errorf("its header is that of page %d with flags %#x", h.id, h.flags)
		} else if m.Transaction%2 != uint64(number) {
			err = fmt.Errorf("transaction %d belongs in the other one", m.Transaction)
		}
	}
	if err != nil {
		return Meta{}, Problem{int64(number) * PageBytes, fmt.Sprintf("meta page %d: %v", number, err)}
	}
	return m, nil
}

// Newest returns the valid meta page of the later transaction, as bbolt does when
// it opens the file, and what is wrong with the other one. It fails if neither is
// valid.
func (f *File) Newest() (Meta, []Problem, error) {
	var best Meta
	var problems []Problem
	found := false
	for number := range 2 {
		m, err := f.MetaPage(number)
		var p Problem
		switch {
		case errors.As(err, &p):
			problems = append(problems, p)
		case !found || m.Transaction > best.Transaction:
			best, found = m, true
		}
	}
	if !found {
		return Meta{}, problems, fmt.Errorf("%s: neither of the two meta pages is whole: %w", f.name, problems[0])
	}
	return best, problems, nil
}
