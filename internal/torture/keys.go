package torture

import (
	"math/rand/v2"
	"sync"
)

// How many keys are in use at a time, and how long each is. A judge's search grows with a
// key's history, and doubles with each operation of which nobody knows if it was
// done: so a key is used for a while, and then another one takes its place.
const (
	keysInUse       = 5
	operationsOfKey = 200
	unknownOfKey    = 10
	// deletionsOfKey are few because each leaves the same, nothing: a witness must have
	// all of them.
	deletionsOfKey = 2
)

// keys are the registers that the clients of a run use, numbered from 1. Each is a
// register of its own.
type keys struct {
	mu    sync.Mutex
	inUse []*key
	count int64 // that there are, in use or not any more
}

// key is a register.
type key struct {
	number     int64
	operations int
	unknown    int   // of them
	deletions  int   // of them, done or not
	last       int64 // value that somebody saw or wrote; 0: none
}

// draw draws a key for an operation.
func (k *keys) draw(r *rand.Rand) *key {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.inUse) < keysInUse {
		k.inUse = append(k.inUse, k.fresh())
	}
	i := r.IntN(len(k.inUse))
	if one := k.inUse[i]; one.operations >= operationsOfKey || one.unknown >= unknownOfKey {
		k.inUse[i] = k.fresh()
	}
	k.inUse[i].operations++
	return k.inUse[i]
}

func (k *keys) fresh() *key {
	k.count++
	return &key{number: k.count}
}

// lost notes that nobody knows what became of an operation on a key.
func (k *keys) lost(one *key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	one.unknown++
}

// mayDelete says if a key may be deleted once more, and counts that.
func (k *keys) mayDelete(one *key) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	one.deletions++
	return one.deletions <= deletionsOfKey
}

// holds notes what somebody saw at a key, or wrote there.
func (k *keys) holds(one *key, value int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	one.last = value
}

// guess is what a key holds, most likely; 0 if nobody knows.
func (k *keys) guess(one *key) int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return one.last
}

// used is how many keys there are; all numbers up to it.
func (k *keys) used() int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.count
}
