package kv

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
	"sync"

	"paxos/storage/kv/pages"
)

// Where damage has put a branch page among the leaves of a tree, it may lead back to the
// root; bbolt would descend there until the stack is full, which nobody can catch. To read
// all leaves before the file is opened would take as long as they are many. So before bbolt
// descends to a key we go the same way, page by page.
//
// In a transaction that writes bbolt has some of these pages in memory, changed; but what
// it descends by changes only when it commits.

// boltPath is the way from the root of a tree to a leaf.
type boltPath struct {
	file  *boltFile
	root  uint64
	steps []boltStep
}

// boltStep is a branch page, and which of its children the way goes through.
type boltStep struct {
	data  []byte
	room  *branchPage // to give back
	count int
	at    int
}

// branchPage is room for a branch page, if keys are not long.
type branchPage [boltPageBytes]byte

// branchBytes is the longest branch page: bbolt splits those of more than four keys.
const branchBytes = boltHeader + 4*(16+pages.MaxKeyBytes)

var branchPages = sync.Pool{New: func() any { return new(branchPage) }}

// done gives the memory back.
func (p *boltPath) done() { p.cut(0) }

// cut leaves so many steps.
func (p *boltPath) cut(steps int) {
	for _, s := range p.steps[steps:] {
		branchPages.Put(s.room)
	}
	p.steps = p.steps[:steps]
}

// descend goes to the leaf of a key, as bbolt does.
func (b *boltFile) descend(root uint64, key []byte) (*boltPath, error) {
	p := &boltPath{file: b, root: root, steps: make([]boltStep, 0, 4)}
	for len(p.steps) < boltMaxDepth {
		leaf, err := p.step()
		if err != nil || leaf {
			return p, err
		}
		if !p.last().choose(key) {
			return p, p.damaged("whose keys are out of order")
		}
	}
	return p, corruptf(b.path, "the tree at page %d is more than %d levels deep", root, boltMaxDepth)
}

func (p *boltPath) last() *boltStep { return &p.steps[len(p.steps)-1] }

// end is the page that the way leads to so far.
func (p *boltPath) end() uint64 {
	if len(p.steps) == 0 {
		return p.root
	}
	return p.last().child()
}

// step goes on to the page at the end of the way, unless that is a leaf.
func (p *boltPath) step() (leaf bool, err error) {
	room := branchPages.Get().(*branchPage)
	page, err := p.file.pageIn(room[:], p.end())
	if err != nil || page.flags == boltLeaf {
		branchPages.Put(room)
		return true, err
	}
	s := boltStep{data: room[:], room: room, count: page.count}
	if page.flags != boltBranch || page.count == 0 || page.size >= branchBytes+boltPageBytes || boltHeader+16*page.count > page.size {
		return false, corruptf(p.file.path, "page %d with flags %#x, %d elements and %d bytes among branch pages", page.id, page.flags, page.count, page.size)
	}
	if page.size > boltPageBytes {
		s.data = make([]byte, page.size)
		if _, err := p.file.pageIn(s.data, page.id); err != nil {
			return false, err
		}
	}
	if len(p.steps) > 0 && !bytes.Equal(s.key(0), p.last().key(p.last().at)) {
		return false, p.damaged("which does not begin with the key that stands for it above")
	}
	p.steps = append(p.steps, s)
	return false, nil
}

func (p *boltPath) damaged(what string) error {
	return corruptf(p.file.path, "page %d of the tree at page %d, %s", p.end(), p.root, what)
}

// key is that of an element: offset 4 (from the element itself), key size 4, page 8. One
// that is not within the page is none.
func (s *boltStep) key(i int) []byte {
	at := boltHeader + 16*i
	begin := uint64(at) + uint64(binary.LittleEndian.Uint32(s.data[at:]))
	end := begin + uint64(binary.LittleEndian.Uint32(s.data[at+4:]))
	if end > uint64(len(s.data)) {
		return nil
	}
	return s.data[begin:end]
}

func (s *boltStep) child() uint64 {
	return binary.LittleEndian.Uint64(s.data[boltHeader+16*s.at+8:])
}

// choose takes the child that bbolt takes for a key, the last one that does not begin behind
// it, by the same comparisons, should the keys be out of order. false: they are.
func (s *boltStep) choose(key []byte) bool {
	exact := false
	s.at = sort.Search(s.count, func(i int) bool {
		order := bytes.Compare(s.key(i), key)
		exact = exact || order == 0
		return order >= 0
	})
	if exact {
		return s.at < s.count && bytes.Equal(s.key(s.at), key)
	}
	s.at = max(s.at-1, 0)
	return true
}

// level is how many branch pages lead to the first leaf of a tree; so many lead to each.
func (b *boltFile) level(root uint64) (int, error) {
	p, err := b.descend(root, nil)
	defer p.done()
	return len(p.steps), err
}

func (b *boltFile) leafPage(id uint64) (boltPage, error) {
	page, err := b.page(id)
	if err == nil && page.flags != boltLeaf {
		err = corruptf(b.path, "page %d with flags %#x among leaves", id, page.flags)
	}
	return page, err
}

// before looks at the leaf before this one, the mirror of next, and does not go there. It may
// be below another branch page: those are joined too, and then the leaves beside each other are.
func (p *boltPath) before() error {
	up := len(p.steps)
	for up > 0 && p.steps[up-1].at == 0 {
		up--
	}
	if up == 0 {
		return nil
	}
	back := &boltPath{file: p.file, root: p.root, steps: slices.Clone(p.steps[:up])}
	defer back.cut(up) // the others are given back with p
	back.last().at--
	for len(back.steps) < len(p.steps) {
		if leaf, err := back.step(); err != nil {
			return err
		} else if leaf {
			return back.damaged("is a leaf above the others")
		}
		back.last().at = back.last().count - 1
	}
	_, err := p.file.leafPage(back.end())
	return err
}

// next goes on to the next leaf, on the same level, and returns the key that it begins
// with; nil if there is none.
func (p *boltPath) next() (first []byte, err error) {
	level := len(p.steps)
	for len(p.steps) > 0 && p.last().at+1 == p.last().count {
		p.cut(len(p.steps) - 1)
	}
	if len(p.steps) == 0 {
		return nil, nil
	}
	p.last().at++
	for len(p.steps) < level {
		if leaf, err := p.step(); err != nil {
			return nil, err
		} else if leaf {
			return nil, p.damaged("is a leaf above the others")
		}
	}
	return p.first()
}

// first is the key that the leaf begins with: the one that stands for it in the page above.
func (p *boltPath) first() ([]byte, error) {
	page, err := p.file.leafPage(p.end())
	if err != nil {
		return nil, err
	}
	want := p.last().key(p.last().at)
	if got, err := p.file.firstKey(page, len(want)); err != nil || len(want) == 0 || !bytes.Equal(got, want) {
		return nil, p.damaged("which does not begin with the key that stands for it above")
	}
	return want, nil
}

// firstKey reads the first key of a leaf, if it has so many bytes.
func (b *boltFile) firstKey(page boltPage, n int) ([]byte, error) {
	var e [16]byte // flags 4, offset 4 (from the element itself), key size 4, value size 4
	if _, err := b.file.ReadAt(e[:], int64(page.id)*boltPageBytes+boltHeader); err != nil {
		return nil, err
	}
	at := boltHeader + int64(binary.LittleEndian.Uint32(e[4:]))
	if page.count == 0 || int(binary.LittleEndian.Uint32(e[8:])) != n || at+int64(n) > int64(page.size) {
		return nil, nil
	}
	key := make([]byte, n)
	_, err := b.file.ReadAt(key, int64(page.id)*boltPageBytes+at)
	return key, err
}
