package kv

import (
	"bytes"

	"go.etcd.io/bbolt"
)

// Where a transaction is about to have bbolt descend, or go from leaf to leaf, it looks
// first (boltpath.go).

// way goes to the leaf of a key before bbolt does (boltpath.go); nil where bbolt has the
// bucket in memory. What is wrong is a panic, as bbolt's own are, for boltDB.guard.
func (t boltTx) way(bucket *bbolt.Bucket, key []byte) *boltPath {
	root := uint64(bucket.Root())
	if root == 0 {
		return nil
	}
	p, err := t.file.descend(root, key)
	if err != nil {
		panic(err)
	}
	return p
}

// look makes sure that bbolt can descend to a key.
func (t boltTx) look(bucket *bbolt.Bucket, key []byte) {
	if p := t.way(bucket, key); p != nil {
		p.done()
	}
}

// around is look for a key that is to be changed, and for the leaves beside it: bbolt may
// join them, and its cursor passes over those that have become empty. Keys mostly come in
// order, so that one look does for many.
func (t boltTx) around(bucket *bbolt.Bucket, key []byte) {
	if t.last.has(uint64(bucket.Root()), key) {
		return
	}
	p := t.way(bucket, key)
	if p == nil {
		return
	}
	if err := p.before(); err != nil {
		panic(err)
	}
	*t.last = leafRange{root: p.root}
	if len(p.steps) > 0 {
		t.last.from = bytes.Clone(p.last().key(p.last().at))
		t.last.to = bytes.Clone(p.ahead())
	}
	p.done()
}

// ahead is next, and panics.
func (p *boltPath) ahead() (first []byte) {
	first, err := p.next()
	if err != nil {
		panic(err)
	}
	return first
}

// guide goes ahead of a cursor, which goes from leaf to leaf without asking: it has always
// looked at one leaf more.
type guide struct {
	way   *boltPath
	ahead []byte // the key that this leaf begins with; nil: there is none
}

// guide begins at a key. All leaves must be on the level of the first: else there may be as
// many ways to a page as one likes.
func (t boltTx) guide(bucket *bbolt.Bucket, from []byte) *guide {
	way := t.way(bucket, from)
	if way == nil {
		return &guide{}
	}
	level, err := t.file.level(way.root)
	if err == nil && level != len(way.steps) {
		err = way.damaged("is not on the level of other leaves")
	}
	if err != nil {
		panic(err)
	}
	return &guide{way, way.ahead()}
}

// reached is told of each key that the cursor comes to.
func (g *guide) reached(key []byte) {
	for g.ahead != nil && bytes.Compare(key, g.ahead) >= 0 {
		g.ahead = g.way.ahead()
	}
}

// leafRange are the keys that belong into a leaf.
type leafRange struct {
	root     uint64
	from, to []byte // to is nil: there is no leaf behind it
}

func (r *leafRange) has(root uint64, key []byte) bool {
	return root == r.root && bytes.Compare(key, r.from) >= 0 && (r.to == nil || bytes.Compare(key, r.to) < 0)
}
