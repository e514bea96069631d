package linearizable

import "fmt"

// resolve finds out what became of the appends that stayed open, and returns the
// operations that took effect. doc.go argues why that changes nothing.
func resolve(ops []Op, final []int64) ([]*Op, error) {
	place := make(map[int64]int64, len(final)) // where a value stands, counted from 1
	for i, v := range final {
		if first, twice := place[v]; twice {
			return nil, fmt.Errorf("%w: value %d stands at %d and at %d", ErrNotLinearizable, v, first-1, i)
		}
		place[v] = int64(i) + 1
	}
	seen := firstSeen(ops, int64(len(final)))
	resolved := make([]*Op, 0, len(ops))
	for i := range ops {
		o := ops[i]
		if o.open() {
			if o.Length = place[o.Value]; o.Length == 0 {
				continue // not before the end
			}
			o.Kind = Append // it was told nothing
			o.Return = max(o.Call, seen[o.Length])
		}
		resolved = append(resolved, &o)
	}
	return resolved, nil
}

// firstSeen says for each length when the first operation returned that had seen
// a list so long, or longer.
func firstSeen(ops []Op, longest int64) []int64 {
	seen := make([]int64, longest+1)
	for i := range seen {
		seen[i] = Forever
	}
	for i := range ops {
		n := min(ops[i].Length, longest)
		seen[n] = min(seen[n], ops[i].Return)
	}
	for n := longest; n > 0; n-- {
		seen[n-1] = min(seen[n-1], seen[n])
	}
	return seen
}
