package client

import (
	"testing"

	"pgregory.net/rapid"
)

// TestArenaNeverGivesBytesTwice: against a twin that marks every byte.
func TestArenaNeverGivesBytesTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.IntRange(4, 24).Draw(rt, "size")
		a := newArena(size)
		used := make([]bool, size)
		var blocks [][2]int
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "free") && len(blocks) > 0 {
				for i := blocks[0][0]; i < blocks[0][1]; i++ {
					used[i] = false
				}
				a.free(blocks[0][1])
				if blocks = blocks[1:]; len(blocks) == 0 {
					a.reset()
				}
				continue
			}
			n := rapid.IntRange(1, size).Draw(rt, "n")
			at, ok := a.place(n)
			if !ok {
				if len(blocks) == 0 {
					rt.Fatalf("no room for %d of %d bytes, though nothing is in use", n, size)
				}
				continue
			}
			for i := at; i < at+n; i++ {
				if used[i] {
					rt.Fatalf("byte %d was given twice", i)
				}
				used[i] = true
			}
			blocks = append(blocks, [2]int{at, at + n})
		}
	})
}
