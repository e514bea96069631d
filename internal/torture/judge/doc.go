// Package judge says if a history (package history) is linearizable, and if it is not, shows the
// shortest part of it that proves it.
//
// Where to read on:
//
//   - check.go: Check, and which model a history is for;
//   - verdict.go: what comes out; table.go: a witness for people to read;
//   - subject.go: clients' operations on one list or one register;
//   - list.go: the list; arrange.go finds the place of what nobody said the place of;
//   - register.go: the register; zones.go judges it without a search, swaps.go with one;
//   - witness.go: how a history is made short;
//   - roles.go: what more must hold of the multicast roles.
//
// # Two judges
//
// Package linearizable checks long histories with porcupine, in windows, and with a second
// judge that needs no search. It wants to know where in the list each append stands.
// arrange.go finds that out for histories that do not say so, and zones.go does the same
// for registers (Gibbons and Korach, "Testing shared memories", 1997). So a history from
// anywhere becomes one of lists with places, and both judges see it. Only a register with
// a compare and set, or with a value that was written twice, is left to porcupine alone.
//
// # The shortest witness
//
// A part of a history proves something only if what was left out can't excuse it: if a
// list of 5 entries was read and the appends of these are left out, that is no
// contradiction. So an operation is not taken away but made weak: of an append it is only
// known that it may take effect at any time, or never; a read goes. A history
// with a weaker operation allows more, never less. The witness is a set of operations
// that contradict each other even when all others are weak, and none of which can be
// made weak, too: usually two or three.
package judge
