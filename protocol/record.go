package protocol

import "fmt"

// Record is something that a core must not forget: what goes to the log.
type Record interface {
	// Type is the record's code in the log, never 0.
	Type() RecordType
	// AppendTo appends the record's body, in the codec of the messages.
	AppendTo(b []byte) []byte
	decode(r *reader)
	valid() bool
}

// RecordType is a record's code in the log. Codes are never reused; a record
// whose form changes gets a new code.
type RecordType uint8

// The record types.
const (
	RecordPromised RecordType = iota + 1
	RecordVoted
	RecordRound
	RecordPinned
)

// Promised is an acceptor's promise not to take part in any lower ballot.
type Promised struct{ Ballot Ballot }

// Voted is an acceptor's vote. It promises its ballot, too (rule 2).
type Voted struct{ Vote Vote }

// Round is the round that a proposer is about to use (rule 3).
type Round struct{ Round uint64 }

// Pinned is a role's memory of an acceptor's store (rule 10).
type Pinned struct{ Pin Pin }

func (*Promised) Type() RecordType           { return RecordPromised }
func (p *Promised) AppendTo(b []byte) []byte { return appendBallot(b, p.Ballot) }
func (p *Promised) decode(r *reader)         { p.Ballot = r.ballot() }
func (p *Promised) valid() bool              { return p.Ballot.Valid() }

func (*Voted) Type() RecordType           { return RecordVoted }
func (v *Voted) AppendTo(b []byte) []byte { return appendVote(b, v.Vote) }
func (v *Voted) decode(r *reader)         { v.Vote = r.vote() }
func (v *Voted) valid() bool {
	return v.Vote.Ballot.Valid() && v.Vote.Instance > 0 && len(v.Vote.Value) <= MaxValue
}

func (*Round) Type() RecordType           { return RecordRound }
func (n *Round) AppendTo(b []byte) []byte { return appendU64(b, n.Round) }
func (n *Round) decode(r *reader)         { n.Round = r.u64() }
func (n *Round) valid() bool              { return n.Round > 0 }

func (*Pinned) Type() RecordType { return RecordPinned }
func (p *Pinned) AppendTo(b []byte) []byte {
	return appendU64(appendU32(b, uint32(p.Pin.Acceptor)), uint64(p.Pin.Store))
}
func (p *Pinned) decode(r *reader) { p.Pin = Pin{NodeID(r.u32()), StoreID(r.u64())} }
func (p *Pinned) valid() bool      { return p.Pin.Acceptor.Valid() && p.Pin.Store != 0 }

// DecodeRecord decodes a record's body. The record aliases body.
func DecodeRecord(typ RecordType, body []byte) (Record, error) {
	var rec Record
	switch typ {
	case RecordPromised:
		rec = new(Promised)
	case RecordVoted:
		rec = new(Voted)
	case RecordRound:
		rec = new(Round)
	case RecordPinned:
		rec = new(Pinned)
	default:
		return nil, fmt.Errorf("record of unknown type %d", typ)
	}
	r := reader{rest: body}
	rec.decode(&r)
	if r.failed || len(r.rest) != 0 || !rec.valid() {
		return nil, fmt.Errorf("malformed record of type %d and %d bytes", typ, len(body))
	}
	return rec, nil
}
