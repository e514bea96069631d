package linearizable

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// step does an operation on the one list, and says if the answer fits.
func step(list *Prefix, o *Op) (bool, *Prefix) {
	if o.Kind.appends() {
		if !o.open() && o.Length != list.length+1 {
			return false, nil
		}
		list = list.Append(o.Value)
		return !o.Kind.whole() || o.open() || o.Hash == list.hash, list
	}
	return list.length == o.Length && fits(list, o), list
}

// fits says if a read's answer is right for a list of its length.
func fits(list *Prefix, o *Op) bool {
	switch o.Kind {
	case ReadWhole:
		return o.Hash == list.hash
	case ReadEntry:
		return o.Found == (o.Index < list.length) && (!o.Found || o.Value == list.At(o.Index))
	}
	return true
}

// model is the list for porcupine, from a state on. An operation is an input of type *Op;
// there are no outputs, as an Op has its answer.
func model(from *Prefix) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return from },
		Step: func(state, input, _ any) (bool, any) {
			ok, next := step(state.(*Prefix), input.(*Op))
			return ok, next
		},
		Equal:             func(a, b any) bool { return a.(*Prefix).equal(b.(*Prefix)) },
		Hash:              func(state any) uint64 { return state.(*Prefix).hash },
		DescribeOperation: func(input, _ any) string { return input.(*Op).String() },
		DescribeState:     func(state any) string { return fmt.Sprint("length ", state.(*Prefix).length) },
	}
}

// operations are ops as porcupine takes them.
func operations(ops []*Op) []porcupine.Operation {
	all := make([]porcupine.Operation, len(ops))
	for i, o := range ops {
		all[i] = porcupine.Operation{ClientId: o.Client, Input: o, Call: o.Call, Return: o.Return}
	}
	return all
}
