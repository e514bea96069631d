package sim

import (
	"fmt"

	"paxos/protocol"
)

// audience says who shall hear a message.
func audience(s protocol.Send) string {
	if s.Only != (protocol.Peer{}) {
		return fmt.Sprintf("%v-%v", s.Only.Role, s.Only.ID)
	}
	return s.To.String()
}

// describe is a message in a line, without its payloads.
func describe(m protocol.Message) string {
	switch m := m.(type) {
	case *protocol.Prepare:
		return fmt.Sprintf("prepare %v from %v for %v", m.Ballot, m.From, m.Target)
	case *protocol.Promise:
		return fmt.Sprintf("promise %v from %v next %v trim %v, %d votes", m.Ballot, m.From, m.Next, m.Trim, len(m.Votes))
	case *protocol.Accept:
		return fmt.Sprintf("accept %v instance %v, %d bytes, mark %v", m.Ballot, m.Instance, len(m.Value), m.Mark)
	case *protocol.Decided:
		return fmt.Sprintf("decided, applied %v, %d decisions", m.Applied, len(m.Decisions))
	case *protocol.Piece:
		return fmt.Sprintf("piece of %v %v at %v", m.Kind, m.Number, m.Offset)
	case *protocol.Submit:
		return fmt.Sprintf("submit session %v, %v to %v", m.Run.Session, m.Run.First, m.Run.Last())
	}
	return fmt.Sprintf("%v %+v", m.Type(), m)
}
