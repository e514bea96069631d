package pages

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// maxDepth is more levels than any tree has.
const maxDepth = 32

// Tree is a bucket's keys: a page, or, for a small bucket, bytes in a value.
type Tree struct {
	root     uint64
	named    int64  // where in the file that stands; 0: in the meta page
	inline   source // of a small bucket
	size     int64
	Sequence uint64 // bbolt's own counter
}

// Inline reports whether the tree is kept within the value that names it.
func (t Tree) Inline() bool { return t.size > 0 }

// Walk is one walk over the pages that belong to a transaction.
type Walk struct {
	// Data, if not nil, is told of every piece of the file that means something.
	Data func(offset, bytes int64)
	// Stats counts what the walk came to.
	Stats Stats

	file   *File
	meta   Meta
	report func(Problem)
	seen   bitmap // pages in a tree, or of the free list
	broken bool   // something was wrong: there may be pages that were not found
	levels [2 * maxDepth]page
	depth  int
}

// Stats are counts of pages and bytes.
type Stats struct {
	Branches, Leaves, Free, Freelist uint64 // pages, with those that they run over
	Depth                            int    // levels of the deepest tree
}

// Walk begins a walk over what belongs to the transaction of m. What is wrong goes
// to report.
func (f *File) Walk(m Meta, report func(Problem)) *Walk {
	w := &Walk{file: f, meta: m, report: report}
	limit := uint64(f.size)/PageBytes + 1
	w.seen = newBitmap(min(m.Pages, limit))
	if m.Pages > limit-1 {
		w.wrong(f.size, "the file is cut: it has %d bytes, but its %d pages take %d", f.size, m.Pages, m.Pages*PageBytes)
	}
	return w
}

// Root is the tree whose keys are the names of the buckets.
func (w *Walk) Root() Tree { return Tree{root: w.meta.Root, Sequence: w.meta.Sequence} }

func (w *Walk) wrong(offset int64, format string, args ...any) {
	w.broken = true
	w.report(Problem{offset, fmt.Sprintf(format, args...)})
}

func (w *Walk) data(offset, bytes int64) {
	if w.Data != nil {
		w.Data(offset, bytes)
	}
}

// bounds are what the keys of a page must lie in: from low (nil: any) to below high
// (nil: any). first is the key that stands for the page in the one above it.
type bounds struct {
	low, high, first []byte
	named            int64 // where in the file first stands
}

// Each visits the elements of a tree from the key from on, in ascending order, until
// visit returns an error, which it returns. What is wrong is reported, and left out
// where nothing can be made of it.
func (w *Walk) Each(t Tree, from []byte, visit func(*Element) error) error {
	if t.Inline() {
		return w.inline(t, from, visit)
	}
	return w.node(t.root, 1, t.named, bounds{}, from, visit)
}

// inline visits the elements of a bucket that is kept in a value.
func (w *Walk) inline(t Tree, from []byte, visit func(*Element) error) error {
	h := make([]byte, headerBytes)
	if err := t.inline.read(h, 0); err != nil {
		w.wrong(t.inline.at, "the page within a bucket: %v", err)
		return nil
	}
	head := decodeHeader(h)
	if head.id != 0 || head.flags != flagLeaf || head.overflow != 0 {
		w.wrong(t.inline.at, "the page within a bucket says that it is page %d with flags %#x and runs over %d more", head.id, head.flags, head.overflow)
		if head.flags != flagLeaf {
			return nil
		}
	}
	return w.within(func(p *page) error {
		if err := p.load(t.inline, head, t.size); err != nil {
			w.wrong(t.inline.at, "the page within a bucket: %v", err)
			return nil
		}
		return w.leaf(p, bounds{}, from, visit)
	})
}

// within lends the memory of one level.
func (w *Walk) within(do func(*page) error) error {
	p := &w.levels[w.depth]
	w.depth++
	defer func() { w.depth-- }()
	return do(p)
}

// header reads and checks the header of a page, and marks the page.
func (w *Walk) header(id uint64, kind string, flags ...uint16) (h header, ok bool) {
	at := int64(id) * PageBytes
	if id < 2 || id >= w.meta.Pages || id >= w.seen.n {
		w.broken = true
		return h, false
	}
	b := make([]byte, headerBytes)
	if err := (source{w.file.r, at}).read(b, 0); err != nil {
		w.wrong(at, "page %d, %s, cannot be read: %v", id, kind, err)
		return h, false
	}
	h = decodeHeader(b)
	right := false
	for _, f := range flags {
		right = right || h.flags == f
	}
	if h.id != id || !right || id+h.overflow >= w.meta.Pages {
		w.wrong(at, "page %d, %s, says that it is page %d with flags %#x and runs over %d more, of %d", id, kind, h.id, h.flags, h.overflow, w.meta.Pages)
		return h, false
	}
	if id+h.overflow >= w.seen.n {
		w.broken = true // the file is cut, which was said
		return h, false
	}
	for n := id; n <= id+h.overflow; n++ {
		if !w.seen.set(n) {
			w.wrong(at, "page %d, %s, which page %d begins, is used twice", n, kind, id)
			return h, false
		}
	}
	w.data(at, headerBytes)
	return h, true
}

// node visits the elements below a page.
func (w *Walk) node(id uint64, depth int, named int64, b bounds, from []byte, visit func(*Element) error) error {
	if depth > maxDepth || w.depth >= len(w.levels) {
		w.wrong(int64(id)*PageBytes, "the tree is more than %d levels deep at page %d", maxDepth, id)
		return nil
	}
	if id < 2 || id >= w.meta.Pages {
		w.wrong(named, "reference to page %d of %d", id, w.meta.Pages)
		return nil
	}
	h, ok := w.header(id, "of a tree", flagBranch, flagLeaf)
	if !ok && named > 0 {
		w.wrong(named, "reference to page %d, which is not one for this place", id)
	}
	if !ok {
		return nil
	}
	at := int64(id) * PageBytes
	w.Stats.Depth = max(w.Stats.Depth, depth)
	if h.count == 0 && (named > 0 || h.flags == flagBranch) { // an empty bucket has no page of its own
		w.wrong(at, "page %d of a tree is empty", id)
		return nil
	}
	return w.within(func(p *page) error {
		if err := p.load(source{w.file.r, at}, h, int64(h.overflow+1)*PageBytes); err != nil {
			w.wrong(at, "page %d: %v", id, err)
			return nil
		}
		if h.flags == flagLeaf {
			w.Stats.Leaves += h.overflow + 1
			return w.leaf(p, b, from, visit)
		}
		w.Stats.Branches += h.overflow + 1
		return w.branch(p, depth, b, from, visit)
	})
}

// branch goes down to the pages that a branch page names.
func (w *Walk) branch(p *page, depth int, b bounds, from []byte, visit func(*Element) error) error {
	type child struct {
		key []byte
		id  uint64
		at  int64 // of its entry in the table
	}
	var last *child
	down := func(c *child, next []byte) error {
		if c == nil || next != nil && from != nil && bytes.Compare(next, from) <= 0 {
			return nil
		}
		high := next
		if high == nil {
			high = b.high
		}
		return w.node(c.id, depth+1, c.at, bounds{c.key, high, c.key, c.at}, from, visit)
	}
	w.data(p.at+headerBytes, int64(len(p.table)))
	for i := range p.count {
		entry := p.at + headerBytes + elementBytes*int64(i)
		e, id, wrong, err := p.element(i)
		if err != nil {
			w.wrong(entry, "page %d: %v", p.id, err)
			continue
		}
		w.order(p, i, e.Key, &b, wrong)
		w.data(e.At, int64(len(e.Key)))
		if err := down(last, e.Key); err != nil {
			return err
		}
		last = &child{e.Key, id, entry}
	}
	return down(last, nil)
}

// order checks a key against those before it and against what the page above says.
func (w *Walk) order(p *page, i int, key []byte, b *bounds, wrong string) {
	entry := p.at + headerBytes + elementBytes*int64(i)
	switch {
	case wrong != "":
		w.wrong(entry, "page %d: %s", p.id, wrong)
	case i == 0 && b.first != nil && !bytes.Equal(key, b.first):
		w.wrong(b.named, "page %d is said to begin with key %x, but it begins with %x", p.id, b.first, key)
		w.wrong(p.at, "page %d begins with key %x, but the page above it says %x", p.id, key, b.first)
	case b.low != nil && bytes.Compare(key, b.low) < 0, i > 0 && bytes.Equal(key, b.low):
		w.wrong(entry, "page %d: key %x of element %d is out of order: it follows %x", p.id, key, i, b.low)
	case b.high != nil && bytes.Compare(key, b.high) >= 0:
		w.wrong(entry, "page %d: key %x of element %d is out of order: %x begins the next page", p.id, key, i, b.high)
	}
	p.last = append(p.last[:0], key...)
	b.low = p.last
}

// leaf visits the elements of a leaf page.
func (w *Walk) leaf(p *page, b bounds, from []byte, visit func(*Element) error) error {
	w.data(p.at+headerBytes, int64(len(p.table)))
	for i := range p.count {
		e, _, wrong, err := p.element(i)
		if err != nil {
			w.wrong(p.at+headerBytes+elementBytes*int64(i), "page %d: %v", p.id, err)
			continue
		}
		w.order(p, i, e.Key, &b, wrong)
		w.data(e.At, int64(len(e.Key))+e.Bytes)
		if from != nil && bytes.Compare(e.Key, from) < 0 {
			continue
		}
		if err := visit(&e); err != nil {
			return err
		}
	}
	return nil
}

// Tree is the bucket that the element holds: 8 bytes with the number of its root
// page and 8 with its sequence; if the number is 0, its only page follows.
func (e *Element) Tree() (Tree, error) {
	if !e.Bucket || e.Bytes < 16 {
		return Tree{}, fmt.Errorf("%d bytes are no bucket", e.Bytes)
	}
	head, err := e.page.bytes(e.off, 16)
	if err != nil {
		return Tree{}, err
	}
	t := Tree{root: binary.LittleEndian.Uint64(head), named: e.ValueAt(), Sequence: binary.LittleEndian.Uint64(head[8:])}
	switch {
	case t.root == 0 && e.Bytes < 16+headerBytes:
		return Tree{}, fmt.Errorf("a bucket of %d bytes without a page", e.Bytes)
	case t.root == 0:
		t.inline, t.size = source{e.page.r, e.ValueAt() + 16}, e.Bytes-16
	case e.Bytes != 16:
		return Tree{}, fmt.Errorf("a bucket with a page of its own takes %d bytes, not 16", e.Bytes)
	}
	return t, nil
}
