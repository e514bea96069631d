package list

import (
	"fmt"

	"paxos/protocol"
)

// Refound gives the list to a new cluster: from now on these are its members, and
// there was no change before. Entries and sessions stay. Only the tools that
// restore a list call it, on a State that no process runs: in a running cluster
// nothing but what is decided changes the members (rule 13).
func (s *State) Refound(members Members) { s.members = members }

// SkipTo makes the list one of length entries, of which it has none: an image of a
// program's state stands for all of them (package storage), and what is appended next
// gets the index length, the first of a chunk. It counts as an instance: a replica that
// has applied those before only, or none, has another list, and must get this one. As
// Refound, it is for the tools only. Sessions stay as they are. It panics if the list is longer, or length is no
// border of chunks.
func (s *State) SkipTo(length uint64) {
	if length < s.length || length > maxLength || length%protocol.ChunkEntries != 0 {
		panic(fmt.Sprintf("list: a list of %d entries skips forward to a border of chunks, not to %d", s.length, length))
	}
	s.applied++
	s.length = length
	s.entries.restore(length, nil)
}
