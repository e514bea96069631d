package node

import (
	"testing"

	"paxos/protocol"
)

// A turn that casts many votes is rare: what it left in the arrays, up to a megabyte or
// two of values, would stay until the next one.
func TestAnOutputHoldsNothingOfTheTurnBefore(t *testing.T) {
	m := &Machine{}
	m.out.Send(protocol.GroupAcceptors, &protocol.Accept{Value: make(protocol.Value, 100)})
	m.out.Records = append(m.out.Records, &protocol.Voted{Vote: protocol.Vote{Value: make(protocol.Value, 100)}})
	m.ResetOutput()
	if s := m.out.Now[:1][0]; s.Msg != nil {
		t.Errorf("a message is still held: %+v", s)
	}
	if rec := m.out.Records[:1][0]; rec != nil {
		t.Errorf("a record is still held: %+v", rec)
	}
}
