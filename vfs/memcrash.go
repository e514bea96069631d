package vfs

import (
	"math/rand/v2"
)

// sectorBytes is what the disk writes in one go.
const sectorBytes = 512

// Crash returns the disk as it might be found after the power failed now; the
// file system itself, and the files open on it, go on unaware. What survives:
//
//   - what was synced, always;
//   - of the names changed since their folder was synced, each change or not,
//     whatever became of the others;
//   - of the bytes written since their file was synced, in each sector those of
//     the first so many writes that touched it (any number, chosen for each
//     sector by itself; never older bytes than were synced). With
//     [Mem.TearSectors] one more write may have reached part of the sector;
//   - of the sizes that the file went through since, one.
//
// Some crashes lose everything that may be lost, some nothing.
func (m *Mem) Crash() *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &crash{
		rng:         m.rng,
		keep:        m.rng.IntN(5),
		tearSectors: m.tearSectors,
		done:        map[memNode]memNode{},
	}
	root, _ := c.node(m.root).(*memDir)
	return &Mem{
		root:        root,
		rng:         rand.New(rand.NewPCG(m.rng.Uint64(), m.rng.Uint64())),
		locks:       map[string]bool{},
		tearSectors: m.tearSectors,
	}
}

// crash is one power failure under way.
type crash struct {
	rng         *rand.Rand
	keep        int // each thing that may be lost survives with chance keep/4
	tearSectors bool
	done        map[memNode]memNode // a file may be met under two names
}

func (c *crash) survives() bool { return c.rng.IntN(4) < c.keep }

func (c *crash) node(n memNode) memNode {
	if done, ok := c.done[n]; ok {
		return done
	}
	after := n.crashed(c)
	c.done[n] = after
	return after
}

func (d *memDir) crashed(c *crash) memNode {
	names := map[string]memNode{}
	for name, node := range d.durable { // order does not matter: nothing is drawn here
		names[name] = node
	}
	for _, change := range d.pending {
		if c.survives() {
			change.apply(names)
		}
	}
	after := newMemDir()
	for _, name := range sortedNames(names) {
		node := c.node(names[name])
		after.live[name], after.durable[name] = node, node
	}
	return after
}

func (f *memFile) crashed(c *crash) memNode {
	size := f.sizeAfterCrash(c)
	content := resize(append([]byte(nil), f.durable...), max(size, int64(len(f.durable))))
	for sector, changes := range f.pendingBySector(int64(len(content))) {
		if len(changes) > 0 {
			c.sector(content, int64(sector)*sectorBytes, changes)
		}
	}
	content = content[:size]
	return &memFile{live: content, durable: append([]byte(nil), content...)}
}

func (f *memFile) sizeAfterCrash(c *crash) int64 {
	size := int64(len(f.durable))
	for _, change := range f.pending[:c.howMany(len(f.pending))] {
		size = change.sizeAfter(size)
	}
	return size
}

// howMany of n changes, in their order, reached the disk.
func (c *crash) howMany(n int) int {
	if n == 0 || c.survives() {
		return n
	}
	if c.keep == 0 {
		return 0
	}
	return c.rng.IntN(n)
}

// pendingBySector sorts the pending changes by the sectors that they touch.
func (f *memFile) pendingBySector(size int64) [][]fileChange {
	sectors := make([][]fileChange, (size+sectorBytes-1)/sectorBytes)
	for _, change := range f.pending {
		end := change.off + int64(len(change.data))
		if change.data == nil {
			end = size // a change of the size clears what lies beyond it
		}
		for s := change.off / sectorBytes; s*sectorBytes < min(end, size); s++ {
			sectors[s] = append(sectors[s], change)
		}
	}
	return sectors
}

// sector lets some of the changes reach the sector at start.
func (c *crash) sector(content []byte, start int64, changes []fileChange) {
	sector := content[start:min(start+sectorBytes, int64(len(content)))]
	n := c.howMany(len(changes))
	for _, change := range changes[:n] {
		change.applySector(sector, start)
	}
	if c.tearSectors && n < len(changes) && c.keep > 0 {
		torn := append([]byte(nil), sector...)
		changes[n].applySector(torn, start)
		copy(sector[:c.rng.IntN(len(sector)+1)], torn)
	}
}

// applySector does the part of the change that falls into the sector at start.
func (c fileChange) applySector(sector []byte, start int64) {
	if c.data == nil {
		clear(sector[min(max(c.off-start, 0), int64(len(sector))):])
		return
	}
	from := max(c.off, start)
	to := min(c.off+int64(len(c.data)), start+int64(len(sector)))
	if from < to {
		copy(sector[from-start:to-start], c.data[from-c.off:to-c.off])
	}
}
