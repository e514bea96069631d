package maelstrom

import (
	"encoding/json"
	"errors"
	"fmt"
)

// request is what a client asks for: operations, and how to answer them.
type request struct {
	ops   []op
	reply func(results []result) (typ string, fields map[string]any, f *failure)
}

// readOnly reports whether the request changes nothing.
func (r *request) readOnly() bool {
	for i := range r.ops {
		if r.ops[i].Do != doRead {
			return false
		}
	}
	return true
}

// parsers has what clients may ask, by the type of their messages.
var parsers = map[string]func(body []byte) (request, error){
	"read":  parseRead,
	"write": parseWrite,
	"cas":   parseCAS,
	"txn":   parseTxn,
}

// fields are the JSON values that requests of lin-kv have.
type fields struct {
	Key   json.RawMessage `json:"key"`
	Value json.RawMessage `json:"value"`
	From  json.RawMessage `json:"from"`
	To    json.RawMessage `json:"to"`
}

func parseFields(body []byte) (f fields, err error) {
	err = json.Unmarshal(body, &f)
	return f, err
}

func parseRead(body []byte) (request, error) {
	f, err := parseFields(body)
	if err != nil {
		return request{}, err
	}
	o := op{Do: doRead}
	err = take(&o.Key, "key", f.Key)
	return request{[]op{o}, replyRead}, err
}

func replyRead(results []result) (string, map[string]any, *failure) {
	if !results[0].found {
		return "", nil, failed(codeNoKey, "there is no such key")
	}
	return "read_ok", map[string]any{"value": json.RawMessage(results[0].value)}, nil
}

func parseWrite(body []byte) (request, error) {
	f, err := parseFields(body)
	if err != nil {
		return request{}, err
	}
	o := op{Do: doWrite}
	err = errors.Join(take(&o.Key, "key", f.Key), take(&o.Value, "value", f.Value))
	return request{[]op{o}, replyDone("write_ok")}, err
}

func parseCAS(body []byte) (request, error) {
	f, err := parseFields(body)
	if err != nil {
		return request{}, err
	}
	o := op{Do: doCAS}
	err = errors.Join(take(&o.Key, "key", f.Key), take(&o.From, "from", f.From), take(&o.Value, "to", f.To))
	return request{[]op{o}, replyDone("cas_ok")}, err
}

func replyDone(typ string) func([]result) (string, map[string]any, *failure) {
	return func([]result) (string, map[string]any, *failure) { return typ, nil, nil }
}

func parseTxn(body []byte) (request, error) {
	var txn struct {
		Txn [][]json.RawMessage `json:"txn"`
	}
	if err := json.Unmarshal(body, &txn); err != nil {
		return request{}, err
	}
	if txn.Txn == nil {
		return request{}, errors.New(`"txn" is missing`)
	}
	ops := make([]op, len(txn.Txn))
	for i, micro := range txn.Txn {
		if err := ops[i].parseMicro(micro); err != nil {
			return request{}, fmt.Errorf("operation %d: %w", i, err)
		}
	}
	return request{ops, replyTxn(ops)}, nil
}

// parseMicro reads [f, key, value].
func (o *op) parseMicro(micro []json.RawMessage) error {
	if len(micro) != 3 {
		return fmt.Errorf("has %d parts, not 3", len(micro))
	}
	if err := json.Unmarshal(micro[0], &o.Do); err != nil {
		return err
	}
	switch o.Do {
	case doRead:
		return take(&o.Key, "key", micro[1])
	case doAppend:
		return errors.Join(take(&o.Key, "key", micro[1]), take(&o.Value, "value", micro[2]))
	}
	return fmt.Errorf(`is %q, neither "r" nor "append"`, o.Do)
}

// replyTxn is the transaction with what its reads found; null where there is
// nothing.
func replyTxn(ops []op) func([]result) (string, map[string]any, *failure) {
	return func(results []result) (string, map[string]any, *failure) {
		txn := make([][3]any, len(ops))
		for i, o := range ops {
			value := o.Value
			if o.Do == doRead && results[i].found {
				value = json.RawMessage(results[i].value)
			}
			txn[i] = [3]any{o.Do, o.Key, value}
		}
		return "txn_ok", map[string]any{"txn": txn}, nil
	}
}

// take puts a JSON value into a field, in its canonical form.
func take(to *json.RawMessage, name string, raw json.RawMessage) error {
	if len(raw) == 0 {
		return fmt.Errorf("%q is missing", name)
	}
	text, err := canonical(raw)
	if err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	*to = text
	return nil
}
