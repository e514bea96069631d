package history

import (
	"fmt"
	"math"
	"time"

	"github.com/anishathalye/porcupine"
)

// Outcome is what a client heard.
type Outcome int

const (
	// Unknown outcomes are those of requests without an answer, or with an
	// indefinite error.
	Unknown  Outcome = iota
	Done             // it took effect, or the read's value is there
	NotDone          // it did not take effect and never will, for a reason that says nothing of the data
	Missing          // there was no such key
	Mismatch         // a cas found another value
)

func (o Outcome) String() string {
	return [...]string{"unknown", "done", "not done", "no such key", "another value"}[o]
}

// Kind is what a register operation does.
type Kind int

// The operations of lin-kv.
const (
	Read Kind = iota
	Write
	CAS
)

// RegisterOp is one operation on one register.
type RegisterOp struct {
	Client       int
	Key          int
	Kind         Kind
	From         int // what a cas expects
	Value        int // written, or found by a read
	Outcome      Outcome
	Call, Return int64
}

func (o RegisterOp) String() string {
	switch o.Kind {
	case Read:
		return fmt.Sprintf("read: %d, %s", o.Value, o.Outcome)
	case Write:
		return fmt.Sprintf("write %d: %s", o.Value, o.Outcome)
	}
	return fmt.Sprintf("cas %d to %d: %s", o.From, o.Value, o.Outcome)
}

// register is a key's state.
type register struct {
	found bool
	value int
}

// step does an operation, and says if what the client heard fits.
func (r register) step(o RegisterOp) (bool, register) {
	match := r.found && r.value == o.From
	switch {
	case o.Kind == Read && o.Outcome == Missing:
		return !r.found, r
	case o.Kind == Read:
		return r == register{true, o.Value}, r
	case o.Kind == Write:
		return true, register{true, o.Value}
	case o.Outcome == Missing:
		return !r.found, r
	case o.Outcome == Mismatch:
		return r.found && !match, r
	case o.Outcome == Unknown && !match:
		return true, r
	}
	return match, register{true, o.Value}
}

var registerModel = porcupine.Model{
	Init: func() any { return register{} },
	Step: func(state, input, _ any) (bool, any) {
		ok, next := state.(register).step(input.(RegisterOp))
		return ok, next
	},
	DescribeOperation: func(input, _ any) string { return input.(RegisterOp).String() },
}

// matters reports whether an operation says anything of the registers.
func (o RegisterOp) matters() bool {
	return o.Outcome != NotDone && !(o.Kind == Read && o.Outcome == Unknown)
}

// CheckRegisters judges a history: nil, or an error that names a key whose
// operations are not linearizable, or that could not be judged in time.
func CheckRegisters(ops []RegisterOp, patience time.Duration) error {
	keys := make(map[int][]porcupine.Operation)
	for _, o := range ops {
		if !o.matters() {
			continue
		}
		if o.Outcome == Unknown {
			o.Return = math.MaxInt64
		}
		keys[o.Key] = append(keys[o.Key], porcupine.Operation{ClientId: o.Client, Input: o, Call: o.Call, Return: o.Return})
	}
	for key, all := range keys {
		switch porcupine.CheckOperationsTimeout(registerModel, all, patience) {
		case porcupine.Illegal:
			return fmt.Errorf("the %d operations on key %d are not linearizable: %v", len(all), key, inputs(all))
		case porcupine.Unknown:
			return fmt.Errorf("the %d operations on key %d could not be judged in %v", len(all), key, patience)
		}
	}
	return nil
}

func inputs(ops []porcupine.Operation) (all []any) {
	for _, o := range ops {
		all = append(all, o.Input)
	}
	return all
}
