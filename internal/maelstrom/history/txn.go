package history

import (
	"fmt"
	"slices"
)

// Micro is one operation of a transaction: an append of Elem to the list Key, or
// a read of it.
type Micro struct {
	Append bool
	Key    int
	Elem   int
	List   []int // what the read found; known in transactions that are Done
}

func (m Micro) String() string {
	if m.Append {
		return fmt.Sprintf("append %d to %d", m.Elem, m.Key)
	}
	return fmt.Sprintf("read %d: %v", m.Key, m.List)
}

// Txn is a transaction. Its outcome is Done, NotDone or Unknown.
type Txn struct {
	Client       int
	Ops          []Micro
	Outcome      Outcome
	Call, Return int64
}

func (t *Txn) String() string { return fmt.Sprintf("client %d: %v (%s)", t.Client, t.Ops, t.Outcome) }

// element is what was appended to a key; nobody appends the same twice.
type element struct{ key, elem int }

// CheckTxns judges a history of transactions: nil if it is strict serializable,
// else an error that names an anomaly and who takes part. Each element must be
// appended to a key at most once in the whole history.
func CheckTxns(txns []Txn) error {
	w, err := writers(txns)
	if err != nil {
		return err
	}
	for i := range txns {
		if err := txns[i].consistent(); err != nil {
			return fmt.Errorf("internal inconsistency: %w in %v", err, &txns[i])
		}
	}
	o, err := findOrders(txns, w)
	if err != nil {
		return err
	}
	return newGraph(txns, w, o).check()
}

// writers finds the transaction that appends each element, by its place.
func writers(txns []Txn) (map[element]int, error) {
	w := make(map[element]int)
	for i := range txns {
		for _, m := range txns[i].Ops {
			e := element{m.Key, m.Elem}
			if !m.Append {
				continue
			}
			if _, ok := w[e]; ok {
				return nil, fmt.Errorf("the workload appends %d to key %d twice", m.Elem, m.Key)
			}
			w[e] = i
		}
	}
	return w, nil
}

// consistent says what contradicts itself within one transaction: after its first
// read of a key, only its own appends may change what it reads; and its own
// appends are at the end of what it reads.
func (t *Txn) consistent() error {
	if t.Outcome != Done {
		return nil
	}
	known, own := make(map[int][]int), make(map[int][]int)
	for _, m := range t.Ops {
		switch seen, ok := known[m.Key]; {
		case m.Append:
			own[m.Key] = append(own[m.Key], m.Elem)
			if ok {
				known[m.Key] = append(slices.Clone(seen), m.Elem)
			}
		case ok && !slices.Equal(seen, m.List):
			return fmt.Errorf("key %d was %v and is %v", m.Key, seen, m.List)
		case !endsWith(m.List, own[m.Key]):
			return fmt.Errorf("key %d is %v without its own appends %v", m.Key, m.List, own[m.Key])
		default:
			known[m.Key] = m.List
		}
	}
	return nil
}

func endsWith(list, end []int) bool {
	return len(list) >= len(end) && slices.Equal(list[len(list)-len(end):], end)
}
