// Package load makes the load of the comparison: the same for every system.
//
// The loop is closed: a fixed number of operations is always on its way. A [Phase]
// says how many, how large and for how long; a [Result] says what came of it.
// [Run] has as many goroutines as operations are to be in flight, each of which
// waits for its answer. [RunAhead] is for systems that can be asked without waiting:
// one goroutine begins operations ahead, which costs such systems much less. Where
// a client has its own way of having many operations under way, it uses [Meter]
// directly, or measures itself and makes a [NewResult].
//
// Payloads are random letters out of 64, for which compression does little, and
// which stand unescaped in JSON.
package load
