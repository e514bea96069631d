// Package scratch is for buffers that are used over and over: a [Keeper] keeps their
// memory from one use to the next, but not for ever the most that was ever needed.
package scratch
