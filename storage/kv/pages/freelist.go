package pages

import (
	"encoding/binary"
	"strconv"
)

// bitmap is a set of pages.
type bitmap struct {
	words []uint64
	n     uint64
}

func newBitmap(n uint64) bitmap { return bitmap{make([]uint64, n/64+1), n} }

// set adds a page, and reports whether it is new.
func (b *bitmap) set(id uint64) bool {
	if id >= b.n {
		return false
	}
	word, bit := &b.words[id/64], uint64(1)<<(id%64)
	was := *word & bit
	*word |= bit
	return was == 0
}

func (b *bitmap) has(id uint64) bool { return id < b.n && b.words[id/64]&(1<<(id%64)) != 0 }

// Rest accounts for the pages that no tree has: call it when all trees were
// walked. Each must be in the free list, and none of the others may be.
//
// The list is a page like others; its elements are the numbers of the free pages,
// 8 bytes each, ascending. A count of 0xFFFF says that the true one stands in front
// of them.
func (w *Walk) Rest() {
	free := newBitmap(w.seen.n)
	whole := w.freelist(&free)
	if !whole || w.broken {
		return // what was not found may be anywhere
	}
	for id := uint64(2); id < w.seen.n; {
		begin := id
		for id < w.seen.n && !w.seen.has(id) && !free.has(id) {
			id++
		}
		if id > begin {
			w.report(Problem{int64(begin) * PageBytes, lost(begin, id)})
			continue
		}
		id++
	}
}

func lost(begin, end uint64) string {
	if end == begin+1 {
		return "the page is neither used nor free"
	}
	return "the page and those that follow it are neither used nor free, up to offset " + strconv.FormatUint(end*PageBytes, 10)
}

// freelist reads the free list, and reports whether it could.
func (w *Walk) freelist(free *bitmap) bool {
	id := w.meta.Freelist
	at := int64(id) * PageBytes
	if id < 2 || id >= w.meta.Pages {
		w.wrong(int64(w.meta.Transaction%2)*PageBytes, "the free list is said to be page %d of %d", id, w.meta.Pages)
		return false
	}
	h, ok := w.header(id, "the free list", flagFreelist)
	if !ok {
		return false
	}
	w.Stats.Freelist = h.overflow + 1
	size := int64(h.overflow+1) * PageBytes
	count, begin, err := w.freeCount(h, source{w.file.r, at})
	if err != nil || begin+8*count > size || count < 0 {
		w.wrong(at, "page %d, the free list, holds %d pages in %d bytes: %v", id, count, size, err)
		return false
	}
	w.data(at+headerBytes, begin-headerBytes+8*count)
	return w.freePages(source{w.file.r, at}, begin, count, free)
}

func (w *Walk) freeCount(h header, s source) (count, begin int64, err error) {
	if h.count < 0xFFFF {
		return int64(h.count), headerBytes, nil
	}
	var first [8]byte
	err = s.read(first[:], headerBytes)
	return int64(min(binary.LittleEndian.Uint64(first[:]), 1<<50)), headerBytes + 8, err
}

// freePages reads the numbers of the free pages, a window at a time.
func (w *Walk) freePages(s source, off, count int64, free *bitmap) bool {
	var window [windowBytes]byte
	before := uint64(1)
	for count > 0 {
		n := min(count, windowBytes/8)
		if err := s.read(window[:8*n], off); err != nil {
			w.wrong(s.at+off, "the free list cannot be read: %v", err)
			return false
		}
		for i := range n {
			id := binary.LittleEndian.Uint64(window[8*i:])
			w.freePage(id, before, s.at+off+8*i, free)
			before = id
		}
		off, count = off+8*n, count-n
	}
	return true
}

func (w *Walk) freePage(id, before uint64, at int64, free *bitmap) {
	switch {
	case id <= before || id >= w.meta.Pages:
		w.wrong(at, "the free list has page %d of %d, after page %d", id, w.meta.Pages, before)
	case w.seen.has(id):
		w.wrong(at, "page %d is in use, and in the free list", id)
	default:
		free.set(id)
		w.Stats.Free++
	}
}
