package protocol

import "fmt"

// Ballot is a proposer's licence to propose, used once, for ever (rule 3).
// Ballots are ordered by Round, then Proposer, then Incarnation. The zero
// Ballot is lower than every ballot that a proposer can hold.
type Ballot struct {
	Round       uint64 // made durable by its proposer before its first Prepare
	Proposer    NodeID
	Incarnation uint64 // drawn at random when the proposer's process starts
}

// Less reports whether b is lower than c.
func (b Ballot) Less(c Ballot) bool {
	if b.Round != c.Round {
		return b.Round < c.Round
	}
	if b.Proposer != c.Proposer {
		return b.Proposer < c.Proposer
	}
	return b.Incarnation < c.Incarnation
}

// IsZero reports whether b is no ballot at all.
func (b Ballot) IsZero() bool { return b == Ballot{} }

// Valid reports whether a proposer can hold b.
func (b Ballot) Valid() bool { return b.Round > 0 && b.Proposer.Valid() }

func (b Ballot) String() string {
	if b.IsZero() {
		return "none"
	}
	return fmt.Sprintf("%d.%d.%04x", b.Round, b.Proposer, uint16(b.Incarnation))
}
