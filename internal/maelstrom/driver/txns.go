package driver

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"paxos/internal/maelstrom/history"
)

// Txns runs the workload txn-list-append until ctx ends, lets finish heal what is
// broken, reads all lists at every node, and returns what clients saw.
func (c *Cluster) Txns(ctx context.Context, l Load, finish func()) ([]history.Txn, error) {
	began := time.Now()
	var mu sync.Mutex
	var txns []history.Txn
	c.work(ctx, &l, began, func(w *worker) {
		t := w.txn()
		mu.Lock()
		defer mu.Unlock()
		txns = append(txns, t)
	})
	finish()
	for i, name := range c.Names {
		t := history.Txn{Client: -1 - i, Ops: readAll(txns)}
		if err := c.finalTxn(name, began, &t); err != nil {
			return txns, err
		}
		txns = append(txns, t)
	}
	return txns, nil
}

// maxTxn is the most operations of a transaction.
const maxTxn = 4

// txn does one transaction.
func (w *worker) txn() history.Txn {
	t := history.Txn{Client: w.process}
	number := int(w.count.Add(1))
	for i := range 1 + w.rng.IntN(maxTxn) {
		m := history.Micro{Append: w.rng.IntN(2) == 0, Key: w.key()}
		if m.Append {
			m.Elem = number*maxTxn + i // nobody else appends it
		}
		t.Ops = append(t.Ops, m)
	}
	t.Call = w.now()
	w.call(w.node(), &t)
	t.Return = w.now()
	if t.Outcome == history.Unknown {
		w.lost()
	}
	return t
}

func (w *worker) call(node string, t *history.Txn) {
	reply, err := w.client.Call(node, txnBody(t), w.load.Timeout)
	finishTxn(t, &reply, err)
}

func txnBody(t *history.Txn) map[string]any {
	txn := make([][3]any, len(t.Ops))
	for i, m := range t.Ops {
		txn[i] = [3]any{"r", m.Key, nil}
		if m.Append {
			txn[i] = [3]any{"append", m.Key, m.Elem}
		}
	}
	return map[string]any{"type": "txn", "txn": txn}
}

// finishTxn notes what a transaction came to. An answer that does not fit the
// request counts as none: then what it did appears from nowhere, or never.
func finishTxn(t *history.Txn, reply *Reply, err error) {
	t.Outcome = reply.outcome(err)
	if t.Outcome != history.Done {
		return
	}
	if len(reply.Txn) != len(t.Ops) {
		t.Outcome = history.Unknown
		return
	}
	for i := range t.Ops {
		if m := &t.Ops[i]; !m.Append && json.Unmarshal(reply.Txn[i][2], &m.List) != nil {
			t.Outcome = history.Unknown
		}
	}
}

// readAll are reads of all keys that were used.
func readAll(txns []history.Txn) (ops []history.Micro) {
	var keys []int
	for i := range txns {
		for _, m := range txns[i].Ops {
			keys = append(keys, m.Key)
		}
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		ops = append(ops, history.Micro{Key: key})
	}
	return ops
}

func (c *Cluster) finalTxn(node string, began time.Time, t *history.Txn) error {
	return c.final(func(client *Client) bool {
		t.Call = time.Since(began).Nanoseconds()
		reply, err := client.Call(node, txnBody(t), 5*time.Second)
		t.Return = time.Since(began).Nanoseconds()
		finishTxn(t, &reply, err)
		return t.Outcome == history.Done
	})
}

// CountTxns tells what transactions came to.
func CountTxns(txns []history.Txn) Counts {
	counts := make(Counts)
	for i := range txns {
		counts[txns[i].Outcome.String()]++
	}
	return counts
}
