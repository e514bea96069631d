package history

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func add(key, elem int) Micro        { return Micro{Append: true, Key: key, Elem: elem} }
func get(key int, list ...int) Micro { return Micro{Key: key, List: list} }
func done(call, ret int64, ops ...Micro) Txn {
	return Txn{Ops: ops, Outcome: Done, Call: call, Return: ret}
}

func with(t Txn, o Outcome) Txn {
	t.Outcome = o
	return t
}

func TestTransactionHistories(t *testing.T) {
	cases := []struct {
		name string
		txns []Txn
		want string // in the error; "" for a good history
	}{
		{"appends and a read", []Txn{done(1, 2, add(1, 1)), done(3, 4, add(1, 2)), done(5, 6, get(1, 1, 2))}, ""},
		{"concurrent appends in either order", []Txn{done(1, 9, add(1, 1)), done(1, 9, add(1, 2)), done(10, 11, get(1, 2, 1))}, ""},
		{"a stale read", []Txn{done(1, 2, add(1, 1)), done(3, 4, add(1, 2)), done(5, 6, get(1, 1)), done(7, 8, get(1, 1, 2))}, "cycle"},
		{"a stale read of what nobody reads later", []Txn{done(1, 2, add(1, 1)), done(3, 4, get(1))}, "cycle"},
		{"an append that got lost", []Txn{done(1, 2, add(1, 1)), done(3, 4, add(1, 2)), done(5, 6, get(1, 2))}, "cycle"},
		{"appends against real time", []Txn{done(1, 2, add(1, 1)), done(3, 4, add(1, 2)), done(5, 6, get(1, 2, 1))}, "cycle"},
		{"write skew", []Txn{done(1, 9, get(1), add(2, 1)), done(1, 9, get(2), add(1, 1)), done(10, 11, get(1, 1), get(2, 1))}, "cycle"},
		{"a long fork", []Txn{done(1, 20, add(1, 1)), done(1, 20, add(2, 1)), done(1, 20, get(1, 1), get(2)), done(1, 20, get(1), get(2, 1))}, "cycle"},
		{"circular reads", []Txn{done(1, 9, add(1, 1), get(2, 1)), done(1, 9, add(2, 1), get(1, 1))}, "cycle"},
		{"an unknown one that took place late", []Txn{with(done(1, 2, add(1, 1)), Unknown), done(3, 4, get(1)), done(5, 6, get(1, 1))}, ""},
		{"an unknown one that never took place", []Txn{with(done(1, 2, add(1, 1)), Unknown), done(3, 4, get(1))}, ""},
		{"an unknown one that came and went", []Txn{with(done(1, 2, add(1, 1)), Unknown), done(3, 4, get(1, 1)), done(5, 6, get(1))}, "cycle"},
		{"a failed one that took place", []Txn{with(done(1, 2, add(1, 1)), NotDone), done(3, 4, get(1, 1))}, "G1a"},
		{"half of a transaction", []Txn{done(1, 9, add(1, 1), add(1, 2)), done(1, 9, get(1, 1)), done(10, 11, get(1, 1, 2))}, "G1b"},
		{"one that reads its own", []Txn{done(1, 2, add(1, 1)), done(3, 4, get(1, 1), add(1, 2), get(1, 1, 2), add(1, 3)), done(5, 6, get(1, 1, 2, 3))}, ""},
		{"one that does not read its own", []Txn{done(1, 2, add(1, 1), get(1))}, "own appends"},
		{"one that reads two things", []Txn{done(1, 9, add(1, 1)), done(1, 9, get(1), get(1, 1))}, "internal"},
		{"a fork", []Txn{done(1, 9, add(1, 1)), done(1, 9, add(1, 2)), done(1, 9, get(1, 1)), done(1, 9, get(1, 2, 1))}, "incompatible"},
		{"twice the same", []Txn{done(1, 2, add(1, 1)), done(3, 4, get(1, 1, 1))}, "duplicate"},
		{"out of nothing", []Txn{done(3, 4, get(1, 7))}, "made up"},
		{"a bad workload", []Txn{done(1, 2, add(1, 1)), done(3, 4, add(1, 1))}, "workload"},
	}
	for _, c := range cases {
		err := CheckTxns(c.txns)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// serial lets transactions happen one after the other, each at some moment between
// its call and its return, and returns what clients see.
func serial(rng *rand.Rand, n int) []Txn {
	lists := map[int][]int{}
	var txns []Txn
	for i := range n {
		at := int64(10 * i)
		t := Txn{Outcome: Done, Call: at - rng.Int64N(40), Return: at + 1 + rng.Int64N(40)}
		for m := range 1 + rng.IntN(4) {
			key := rng.IntN(3)
			if rng.IntN(2) == 0 {
				lists[key] = append(lists[key][:len(lists[key]):len(lists[key])], 10*i+m)
				t.Ops = append(t.Ops, add(key, 10*i+m))
			} else {
				t.Ops = append(t.Ops, get(key, lists[key]...))
			}
		}
		if rng.IntN(10) == 0 {
			t.Outcome = Unknown
		}
		txns = append(txns, t)
	}
	rng.Shuffle(n, func(i, j int) { txns[i], txns[j] = txns[j], txns[i] })
	return txns
}

func TestSerialHistoriesAreGood(t *testing.T) {
	for seed := range uint64(300) {
		if err := CheckTxns(serial(rand.New(rand.NewPCG(seed, 1)), 60)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// A read that is late by one append is found wherever it is: it was called after
// that append had returned.
func TestAnyReadThatIsStaleIsFound(t *testing.T) {
	found := 0
	for seed := range uint64(300) {
		txns := serial(rand.New(rand.NewPCG(seed, 2)), 60)
		if !makeStale(txns) {
			continue
		}
		found++
		if err := CheckTxns(txns); err == nil {
			t.Fatalf("seed %d: a stale read was not found", seed)
		}
	}
	if found < 100 {
		t.Errorf("only %d histories could be made stale", found)
	}
}

// makeStale takes the last element from a read of one operation, of a transaction
// that was called after the append of that element had returned.
func makeStale(txns []Txn) bool {
	w, err := writers(txns)
	if err != nil {
		return false
	}
	for i := range txns {
		t := &txns[i]
		if t.Outcome != Done || len(t.Ops) != 1 || len(t.Ops[0].List) == 0 {
			continue
		}
		m := &t.Ops[0]
		last := m.List[len(m.List)-1]
		if by := &txns[w[element{m.Key, last}]]; by.Outcome == Done && by.Return < t.Call {
			m.List = m.List[:len(m.List)-1]
			return true
		}
	}
	return false
}
