package vfs

import (
	"maps"
	"slices"
)

// memDir is a folder: the names that programs see, the names on the disk, and
// the changes that lead from these to those.
type memDir struct {
	live    map[string]memNode
	durable map[string]memNode
	pending []entryChange
}

// entryChange is one change of a folder, done wholly or not at all: remove a
// name, add a name, or both (a rename).
type entryChange struct {
	remove string // "" for none
	add    string // "" for none
	node   memNode
}

func newMemDir() *memDir {
	return &memDir{live: map[string]memNode{}, durable: map[string]memNode{}}
}

func (d *memDir) change(c entryChange) {
	c.apply(d.live)
	d.pending = append(d.pending, c)
}

func (d *memDir) sync() {
	for _, c := range d.pending {
		c.apply(d.durable)
	}
	d.pending = nil
}

func (c entryChange) apply(names map[string]memNode) {
	if c.remove != "" {
		delete(names, c.remove)
	}
	if c.add != "" {
		names[c.add] = c.node
	}
}

func sortedNames(names map[string]memNode) []string {
	return slices.Sorted(maps.Keys(names))
}

func (d *memDir) failWriteback() {
	for _, node := range d.live {
		node.failWriteback()
	}
}
