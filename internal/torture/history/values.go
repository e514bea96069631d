package history

import (
	"fmt"

	"paxos/internal/linearizable"
)

// What stands in Op.Value is nil, an int64, or one of the types below. In histories from
// elsewhere it may be anything that package edn reads.

// List is a whole list of integers.
type List []int64

// Appended is the answer to an append.
type Appended struct {
	Value int64
	Index int64  // where it stands, from 0; Unknown if that was not said
	State List   // the whole list up to Value; nil if it was not kept
	Hash  uint64 // of the list up to Value (AppendedWhole); 0 if it is not known
}

// Unknown is the index of a value of which nobody said where it stands.
const Unknown = -1

// Length is the answer to a read of the list's length.
type Length struct {
	Length int64
	Hash   uint64 // of the whole list, if that was read (Whole); 0 if it was not
}

// Entry is the answer to a read of one entry.
type Entry struct {
	Index  int64 // that was asked for, from 0
	Found  bool  // there is such an entry
	Value  int64 // if there is
	Length int64 // of the list
}

// Swap is a compare and set of a register.
type Swap struct{ Old, New int64 }

// Whole is the answer to a read of the whole list by its length and hash only.
func Whole(list []int64) Length {
	return Length{Length: int64(len(list)), Hash: hashOf(list)}
}

// AppendedWhole is the answer to an append that was told the whole list, by its index and
// hash only. A list that does not end with the value is kept as it is, for the judges.
func AppendedWhole(value int64, list []int64) Appended {
	last := len(list) - 1
	if last < 0 || list[last] != value {
		return Appended{Value: value, Index: Unknown, State: append(List{}, list...)}
	}
	return Appended{Value: value, Index: int64(last), Hash: hashOf(list)}
}

// hashOf is the hash that the judges know (linearizable.Sum).
func hashOf(list []int64) uint64 {
	s := linearizable.NewSum()
	for _, v := range list {
		s.Add(v)
	}
	return s.Hash
}

// hashText is how a hash stands in a file: EDN's integers are signed.
func hashText(hash uint64) string { return fmt.Sprintf("%016x", hash) }
