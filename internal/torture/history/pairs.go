package history

import "fmt"

// Pair is a client's operation: its beginning, and its end.
type Pair struct {
	Invoke *Op
	End    *Op // nil if the history ends before the operation
	Began  int // where the beginning stands in the history, from 0
	Ended  int // where the end stands; that of the history if there is none
}

// Outcome is how it ended; without an end nobody knows.
func (p *Pair) Outcome() Type {
	if p.End == nil {
		return Info
	}
	return p.End.Type
}

// Pairs finds the end of each operation of the clients, in the order of their beginnings.
// The operations stay those of ops. It fails for what is no history: an end without a
// beginning, or a process that does two things at a time.
//
// A client's info that ends nothing is a remark, as the nemesis' are, and is left out.
func Pairs(ops []Op) ([]Pair, error) {
	var all []Pair
	doing := make(map[int]int) // process to its pair
	for i := range ops {
		o := &ops[i]
		at, busy := doing[o.Process]
		switch {
		case !o.ByClient() || o.Type == Info && !busy:
		case o.Type == Invoke && busy:
			return nil, fmt.Errorf("operation %d: process %d begins it and has not ended operation %d", o.Index, o.Process, all[at].Invoke.Index)
		case o.Type == Invoke:
			doing[o.Process] = len(all)
			all = append(all, Pair{Invoke: o, Began: i, Ended: len(ops)})
		case !busy:
			return nil, fmt.Errorf("operation %d: process %d ends (%v) what it has not begun", o.Index, o.Process, o.Type)
		case o.F != all[at].Invoke.F:
			return nil, fmt.Errorf("operation %d: process %d ends a %s, and has begun a %s", o.Index, o.Process, o.F, all[at].Invoke.F)
		default:
			all[at].End, all[at].Ended = o, i
			delete(doing, o.Process)
		}
	}
	return all, nil
}
