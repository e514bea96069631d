package history

import (
	"bufio"
	"fmt"
	"io"

	"paxos/internal/torture/history/edn"
)

// elleKey is the key of the one list or register in Elle's transactions.
const elleKey = int64(0)

// WriteElle writes a history of the list as Elle's list-append transactions, one map a
// line, for elle-cli (--model list-append) and the like: an append is
// [[:append 0 v]], and [[:append 0 v] [:r 0 [...]]] where it was answered with the whole
// list; a read is [[:r 0 [...]]]. Of a register, writes and reads become [[:w 0 v]] and
// [[:r 0 v]] (--model rw-register); Elle has no word for a compare and set.
//
// Elle knows only whole lists. A read that was answered with a length or one entry
// is left out, and an append's index, too. So is what the nemesis did. Indexes are
// new, without holes.
func WriteElle(w io.Writer, ops []Op) error {
	pairs, err := Pairs(ops)
	if err != nil {
		return err
	}
	texts := make(map[*Op]string, len(ops))
	for i := range pairs {
		transaction(&pairs[i], texts)
	}
	out := bufio.NewWriterSize(w, 256<<10)
	index := 0
	for i := range ops {
		o := &ops[i]
		text, ok := texts[o]
		if !ok {
			continue
		}
		fmt.Fprintf(out, "{:type :%v, :f :txn, :value %s, :process %d, :time %d, :index %d}\n", o.Type, text, o.Process, o.Time, index)
		index++
	}
	return out.Flush()
}

// transaction notes the micro-operations of both ends of an operation, if Elle knows such.
func transaction(p *Pair, texts map[*Op]string) {
	asked, answered, ok := microOperations(p)
	if !ok {
		return
	}
	texts[p.Invoke] = asked
	if p.End != nil {
		texts[p.End] = asked
		if p.End.Type == OK {
			texts[p.End] = answered
		}
	}
}

func microOperations(p *Pair) (asked, answered string, ok bool) {
	var answer any
	if p.Outcome() == OK {
		answer = p.End.Value
	}
	switch p.Invoke.F {
	case Txn:
		return valueText(p.Invoke.Value), valueText(answer), true
	case Append:
		return appendText(p.Invoke.Value, answer)
	case Write:
		text := fmt.Sprintf("[[:w %d %s]]", elleKey, valueText(p.Invoke.Value))
		return text, text, true
	case Read:
		return readText(answer)
	}
	return "", "", false
}

func valueText(v any) string { return string(appendValue(nil, v)) }

func appendText(value, answer any) (asked, answered string, ok bool) {
	add := fmt.Sprintf("[:append %d %s]", elleKey, valueText(value))
	if a, ok := answer.(Appended); ok && a.State != nil {
		return fmt.Sprintf("[%s [:r %d nil]]", add, elleKey), fmt.Sprintf("[%s [:r %d %s]]", add, elleKey, valueText(a.State)), true
	}
	return "[" + add + "]", "[" + add + "]", true
}

func readText(answer any) (asked, answered string, ok bool) {
	asked = fmt.Sprintf("[[:r %d nil]]", elleKey)
	switch answer.(type) {
	case nil:
		return asked, asked, true // it failed, or nobody knows, or nothing is there
	case List, edn.Vector, int64:
		return asked, fmt.Sprintf("[[:r %d %s]]", elleKey, valueText(answer)), true
	}
	return "", "", false
}
