package protocol

import "fmt"

// Span is the instances First to Last, both included.
type Span struct{ First, Last Instance }

// Valid reports whether s holds at least one instance and none that is 0.
func (s Span) Valid() bool { return s.First >= 1 && s.First <= s.Last }

// Contains reports whether i is in s.
func (s Span) Contains(i Instance) bool { return s.First <= i && i <= s.Last }

// Len is the number of instances in a valid s.
func (s Span) Len() uint64 { return uint64(s.Last-s.First) + 1 }

func (s Span) String() string {
	if s.First == s.Last {
		return s.First.String()
	}
	return fmt.Sprintf("%d-%d", s.First, s.Last)
}

// Mark says: for every instance in Span, the value proposed in Ballot is
// decided. Since a ballot gives an instance one value for ever, whoever heard
// the Accept of that very ballot knows the decided value. (A bare watermark
// would say only *that* instances are decided, never *what*.) The zero Mark
// says nothing.
type Mark struct {
	Ballot Ballot
	Span
}

// IsZero reports whether m says nothing.
func (m Mark) IsZero() bool { return m == Mark{} }

// Valid reports whether m says nothing, or something well-formed.
func (m Mark) Valid() bool { return m.IsZero() || m.Ballot.Valid() && m.Span.Valid() }

func (m Mark) String() string {
	if m.IsZero() {
		return "none"
	}
	return fmt.Sprintf("%s@%s", m.Span, m.Ballot)
}

// Pin says that an acceptor's votes come from the store Store, and from no other (rule 10).
type Pin struct {
	Acceptor NodeID
	Store    StoreID
}

// PinSize is what a Pin takes in a message, in bytes.
const PinSize = 4 + 8

// Vote is what an acceptor accepted for one instance: the highest ballot, and its value.
type Vote struct {
	Ballot   Ballot
	Instance Instance
	Value    Value
}

// Decision is an instance with the value that was decided for it.
type Decision struct {
	Instance Instance
	Value    Value
}
