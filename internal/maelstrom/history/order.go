package history

import "fmt"

// orders are the elements of each key in the order of their appends, as far as
// anybody has read them: the longest list that was read.
type orders map[int][]int

// findOrders finds the orders. Every list that was read must be a beginning of the
// longest one, of elements that somebody appended who did not fail, each once; and
// nobody sees a part of what a transaction appends to a key.
func findOrders(txns []Txn, w map[element]int) (orders, error) {
	o := make(orders)
	for r := range eachRead(txns) {
		if longest := o[r.micro.Key]; len(r.micro.List) > len(longest) {
			o[r.micro.Key] = r.micro.List
		}
	}
	for key, order := range o {
		if err := plausible(key, order, txns, w); err != nil {
			return nil, err
		}
	}
	for r := range eachRead(txns) {
		if err := o.contain(r, txns, w); err != nil {
			return nil, fmt.Errorf("%w, read by %v", err, &txns[r.txn])
		}
	}
	return o, nil
}

// read is a read of a transaction that is Done.
type read struct {
	txn   int
	micro Micro
}

func eachRead(txns []Txn) func(yield func(read) bool) {
	return func(yield func(read) bool) {
		for i := range txns {
			for _, m := range txns[i].Ops {
				if txns[i].Outcome == Done && !m.Append && !yield(read{i, m}) {
					return
				}
			}
		}
	}
}

// plausible says what is wrong with the elements of a list.
func plausible(key int, order []int, txns []Txn, w map[element]int) error {
	seen := make(map[int]bool)
	for _, elem := range order {
		t, ok := w[element{key, elem}]
		switch {
		case !ok:
			return fmt.Errorf("made up: key %d holds %d, which nobody appended", key, elem)
		case txns[t].Outcome == NotDone:
			return fmt.Errorf("aborted read (G1a): key %d holds %d of %v", key, elem, &txns[t])
		case seen[elem]:
			return fmt.Errorf("duplicate: key %d holds %d twice", key, elem)
		}
		seen[elem] = true
	}
	return nil
}

// contain says how a read contradicts the orders.
func (o orders) contain(r read, txns []Txn, w map[element]int) error {
	key, list, order := r.micro.Key, r.micro.List, o[r.micro.Key]
	for i, elem := range list {
		if order[i] != elem {
			return fmt.Errorf("incompatible orders: key %d was %v and %v", key, list, order)
		}
	}
	if len(list) == 0 {
		return nil
	}
	last := list[len(list)-1]
	if t := w[element{key, last}]; t != r.txn && txns[t].lastAppend(key) != last {
		return fmt.Errorf("intermediate read (G1b): key %d is %v, in the middle of %v", key, list, &txns[t])
	}
	return nil
}

// lastAppend is the last element that a transaction, which appends to key, does.
func (t *Txn) lastAppend(key int) (elem int) {
	for _, m := range t.Ops {
		if m.Append && m.Key == key {
			elem = m.Elem
		}
	}
	return elem
}
