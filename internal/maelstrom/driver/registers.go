package driver

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"paxos/internal/maelstrom/history"
)

// Registers runs the workload lin-kv until ctx ends, and returns what clients saw.
func (c *Cluster) Registers(ctx context.Context, l Load) []history.RegisterOp {
	var mu sync.Mutex
	var ops []history.RegisterOp
	c.work(ctx, &l, time.Now(), func(w *worker) {
		o := w.register()
		mu.Lock()
		defer mu.Unlock()
		ops = append(ops, o)
	})
	return ops
}

// values is how many values registers have: few, so that a cas often finds what it
// expects.
const values = 5

// register does one operation.
func (w *worker) register() history.RegisterOp {
	w.count.Add(1)
	o := history.RegisterOp{
		Client: w.process, Key: w.key(), Kind: history.Kind(w.rng.IntN(3)),
		From: w.rng.IntN(values), Value: w.rng.IntN(values),
	}
	o.Call = w.now()
	reply, err := w.client.Call(w.node(), registerBody(&o), w.load.Timeout)
	o.Return = w.now()
	o.Outcome = reply.outcome(err)
	if o.Kind == history.Read {
		o.Value, _ = strconv.Atoi(string(reply.Value))
	}
	if o.Outcome == history.Unknown {
		w.lost()
	}
	return o
}

func registerBody(o *history.RegisterOp) map[string]any {
	switch o.Kind {
	case history.Read:
		return map[string]any{"type": "read", "key": o.Key}
	case history.Write:
		return map[string]any{"type": "write", "key": o.Key, "value": o.Value}
	}
	return map[string]any{"type": "cas", "key": o.Key, "from": o.From, "to": o.Value}
}

// SameEverywhere says, after all was healed, which register two nodes have
// different values of.
func (c *Cluster) SameEverywhere(ops []history.RegisterOp) error {
	keys := make(map[int]bool)
	for _, o := range ops {
		keys[o.Key] = true
	}
	for key := range keys {
		var first string
		for i, name := range c.Names {
			value, err := c.finalValue(name, key)
			if i == 0 {
				first = value
			}
			if err != nil || value != first {
				return fmt.Errorf("key %d is %s at %s and %s at %s: %w", key, first, c.Names[0], value, name, err)
			}
		}
	}
	return nil
}

// finalValue is a register's value at a node, "" if there is none.
func (c *Cluster) finalValue(node string, key int) (string, error) {
	var value json.RawMessage
	err := c.final(func(client *Client) bool {
		reply, err := client.Call(node, map[string]any{"type": "read", "key": key}, 2*time.Second)
		value = reply.Value
		outcome := reply.outcome(err)
		return outcome == history.Done || outcome == history.Missing
	})
	return string(value), err
}

// CountRegisters tells what operations came to.
func CountRegisters(ops []history.RegisterOp) Counts {
	counts := make(Counts)
	for _, o := range ops {
		counts[o.Outcome.String()]++
	}
	return counts
}
