package kv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// bbolt checks its two meta pages and trusts all others. Most of what damage
// makes it do is a panic, which [boltDB.guard] catches; two things cannot be
// caught: a circle among the branch pages makes it recurse until the stack is
// full, and a free list with a wild length makes it ask for all the memory. So
// both are looked at before bbolt opens the file. Only branch pages are read,
// not the data: a few dozen pages for a gigabyte. Leaves are looked at one by one,
// when bbolt is about to go there: see boltpath.go.

// boltMeta is what counts of a meta page: it begins 16 bytes into its page.
//
//	0   4  magic 0xED0CDAED      24  8  root's sequence
//	4   4  version 2             32  8  page of the free list
//	8   4  page size             40  8  number of pages
//	12  4  flags                 48  8  transaction
//	16  8  root page             56  8  FNV-1a of the 56 bytes before
type boltMeta struct{ root, freelist, pages, transaction uint64 }

const (
	boltMagic      = 0xED0CDAED
	boltVersion    = 2
	boltHeader     = 16 // id 8, flags 2, count 2, overflow 4
	boltBucket     = 16 // root page 8, sequence 8
	boltBranch     = 0x01
	boltLeaf       = 0x02
	boltFreelist   = 0x10
	boltIsBucket   = 0x01
	boltMaxDepth   = 32
	boltNoFreelist = ^uint64(0)
)

// inspectBolt returns os.ErrNotExist, ErrLocked, ErrCorrupt, another error, or nil.
func inspectBolt(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("%w: %s", ErrLocked, path) // and it may be changing right now
	}
	b := boltFile{path: path, file: file, seen: map[uint64]bool{}}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	meta, err := b.meta()
	if err != nil {
		return err
	}
	if have := uint64(info.Size()) / boltPageBytes; have < meta.pages {
		return corruptf(path, "the file is cut: %d of %d pages", have, meta.pages)
	}
	b.pages = meta.pages
	if err := b.freelist(meta.freelist); err != nil {
		return err
	}
	return b.tree(meta.root, true)
}

type boltFile struct {
	path  string
	file  *os.File
	pages uint64
	seen  map[uint64]bool // pages that are in a tree
}

// meta returns the valid meta page of the later transaction, as bbolt does.
func (b *boltFile) meta() (best boltMeta, err error) {
	found := false
	for i := range int64(2) {
		page := make([]byte, boltHeader+64)
		if _, err := b.file.ReadAt(page, i*boltPageBytes); err != nil && err != io.EOF {
			return best, err
		}
		if m, ok := decodeBoltMeta(page[boltHeader:]); ok && (!found || m.transaction > best.transaction) {
			best, found = m, true
		}
	}
	if !found {
		return best, corruptf(b.path, "neither of its two meta pages is whole")
	}
	return best, nil
}

func decodeBoltMeta(p []byte) (boltMeta, bool) {
	u32, u64 := binary.LittleEndian.Uint32, binary.LittleEndian.Uint64
	sum := fnv.New64a()
	sum.Write(p[:56])
	ok := u32(p) == boltMagic && u32(p[4:]) == boltVersion && u32(p[8:]) == boltPageBytes && u64(p[56:]) == sum.Sum64()
	return boltMeta{root: u64(p[16:]), freelist: u64(p[32:]), pages: u64(p[40:]), transaction: u64(p[48:])}, ok
}

// boltPage is a page with all the pages that it runs over.
type boltPage struct {
	id    uint64
	flags uint16
	count int
	size  int // bytes
}

func (b *boltFile) page(id uint64) (boltPage, error) {
	var h [boltHeader]byte
	return b.pageIn(h[:], id)
}

// pageIn reads the first bytes of a page, its header at least.
func (b *boltFile) pageIn(h []byte, id uint64) (boltPage, error) {
	if id < 2 || id >= b.pages {
		return boltPage{}, corruptf(b.path, "reference to page %d of %d", id, b.pages)
	}
	if _, err := b.file.ReadAt(h, int64(id)*boltPageBytes); err != nil {
		return boltPage{}, err
	}
	overflow := uint64(binary.LittleEndian.Uint32(h[12:]))
	if got := binary.LittleEndian.Uint64(h[:]); got != id || id+overflow >= b.pages {
		return boltPage{}, corruptf(b.path, "page %d of %d says that it is page %d and %d more", id, b.pages, got, overflow)
	}
	return boltPage{
		id: id, flags: binary.LittleEndian.Uint16(h[8:]), count: int(binary.LittleEndian.Uint16(h[10:])),
		size: int(overflow+1) * boltPageBytes,
	}, nil
}

// elements reads the table of a page, 16 bytes for each element.
func (b *boltFile) elements(p boltPage) ([]byte, error) {
	table := make([]byte, 16*p.count)
	if boltHeader+len(table) > p.size {
		return nil, corruptf(b.path, "page %d has %d elements in %d bytes", p.id, p.count, p.size)
	}
	_, err := b.file.ReadAt(table, int64(p.id)*boltPageBytes+boltHeader)
	return table, err
}

func (b *boltFile) freelist(id uint64) error {
	if id == boltNoFreelist {
		return corruptf(b.path, "no free list")
	}
	p, err := b.page(id)
	if err != nil {
		return err
	}
	// A count of 0xFFFF says that the true one stands in the first element; such
	// a list takes at least so many.
	if p.flags != boltFreelist || boltHeader+8*p.count > p.size {
		return corruptf(b.path, "page %d is no free list of %d pages", id, p.count)
	}
	if p.count < 0xFFFF {
		return nil
	}
	var n [8]byte
	if _, err := b.file.ReadAt(n[:], int64(id)*boltPageBytes+boltHeader); err != nil {
		return err
	}
	if count := binary.LittleEndian.Uint64(n[:]); count > uint64(p.size/8) {
		return corruptf(b.path, "page %d is no free list of %d pages", id, count)
	}
	return nil
}

// tree walks the branch pages of the tree at root, level by level. The tree of
// buckets leads on to the trees in them.
func (b *boltFile) tree(root uint64, buckets bool) error {
	level := []uint64{root}
	for range boltMaxDepth {
		first, err := b.page(level[0])
		if err != nil {
			return err
		}
		if err := b.see(level); err != nil {
			return err
		}
		if first.flags == boltLeaf {
			return b.leaves(level, buckets)
		}
		if level, err = b.children(level); err != nil {
			return err
		}
	}
	return corruptf(b.path, "the tree at page %d is more than %d levels deep", root, boltMaxDepth)
}

// see holds every page to one place in one tree: so there are no circles.
func (b *boltFile) see(level []uint64) error {
	for _, id := range level {
		if b.seen[id] {
			return corruptf(b.path, "page %d is in two places", id)
		}
		b.seen[id] = true
	}
	return nil
}

func (b *boltFile) children(level []uint64) (next []uint64, err error) {
	for _, id := range level {
		p, err := b.page(id)
		if err != nil {
			return nil, err
		}
		if p.flags != boltBranch || p.count == 0 {
			return nil, corruptf(b.path, "page %d with flags %#x and %d elements among branch pages", id, p.flags, p.count)
		}
		table, err := b.elements(p)
		if err != nil {
			return nil, err
		}
		for ; len(table) > 0; table = table[16:] {
			next = append(next, binary.LittleEndian.Uint64(table[8:])) // offset 4, key size 4, page 8
		}
	}
	return next, nil
}

// leaves follows the buckets in the leaves of the root tree.
func (b *boltFile) leaves(level []uint64, buckets bool) error {
	if !buckets {
		return nil
	}
	for _, id := range level {
		p, err := b.leafPage(id)
		if err != nil {
			return err
		}
		table, err := b.elements(p)
		if err != nil {
			return err
		}
		for i := 0; i < len(table); i += 16 {
			if err := b.bucket(p, i, table[i:]); err != nil {
				return err
			}
		}
	}
	return nil
}

// bucket follows one element of a leaf: flags 4, offset 4 (from the element
// itself), key size 4, value size 4. The value begins with the bucket's root
// page, 0 for a bucket that is small enough to be kept right there.
func (b *boltFile) bucket(p boltPage, at int, e []byte) error {
	u32 := binary.LittleEndian.Uint32
	if u32(e)&boltIsBucket == 0 {
		return nil
	}
	value := boltHeader + int64(at) + int64(u32(e[4:])) + int64(u32(e[8:]))
	if value+8 > int64(p.size) {
		return corruptf(b.path, "page %d has a bucket beyond its end", p.id)
	}
	var root [8]byte
	if _, err := b.file.ReadAt(root[:], int64(p.id)*boltPageBytes+value); err != nil {
		return err
	}
	if r := binary.LittleEndian.Uint64(root[:]); r != 0 {
		return b.tree(r, false)
	}
	return b.inline(p, value+boltBucket, int64(u32(e[12:]))-boltBucket)
}

// inline looks at the page of a small bucket, which is kept within the page p.
func (b *boltFile) inline(p boltPage, at, size int64) error {
	var h [boltHeader]byte
	if size < boltHeader || at+size > int64(p.size) {
		return corruptf(b.path, "page %d has a bucket of %d bytes", p.id, size)
	}
	if _, err := b.file.ReadAt(h[:], int64(p.id)*boltPageBytes+at); err != nil {
		return err
	}
	if flags := binary.LittleEndian.Uint16(h[8:]); flags != boltLeaf {
		return corruptf(b.path, "page %d has a bucket with flags %#x that is no leaf", p.id, flags)
	}
	return nil
}

// largeValue looks at the page of a large value's bucket: a leaf with one value.
func (b *boltFile) largeValue(id uint64) error {
	p, err := b.page(id)
	if err != nil {
		return err
	}
	if p.flags != boltLeaf || p.count != 1 {
		return corruptf(b.path, "page %d with flags %#x and %d elements is no leaf with a large value", id, p.flags, p.count)
	}
	e, err := b.elements(p)
	if err != nil {
		return err
	}
	u32 := binary.LittleEndian.Uint32
	if end := boltHeader + uint64(u32(e[4:])) + uint64(u32(e[8:])) + uint64(u32(e[12:])); u32(e) != 0 || end > uint64(p.size) {
		return corruptf(b.path, "page %d holds no large value: flags %#x, up to byte %d of %d", id, u32(e), end, p.size)
	}
	return nil
}

// renameDurably renames a file that is synced, and its name with it.
func renameDurably(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
