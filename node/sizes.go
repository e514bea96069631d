package node

import (
	"fmt"

	"paxos/protocol"
)

// authTag is room left in every datagram for an authentication tag, in bytes.
const authTag = 32

// Sizes are the budgets that follow from the largest datagram, in bytes.
type Sizes struct {
	Body    int // a message's body
	Value   int // one batch of commands: fits the largest message that may carry it
	Submit  int // the commands of one Submit
	Payload int // one command
	Piece   int // the data of one Piece
	Page    int // what a Promise or Decided may take altogether
}

// spareMembers is how many more acceptors there may be one day than there are
// when the sizes are computed: their pins take room in messages.
const spareMembers = 8

// SizesFor computes the budgets for datagrams of at most maxDatagram bytes and a
// membership of so many acceptors, and some more to come. The largest message
// around a value is a Promise, with the pins of all acceptors.
func SizesFor(maxDatagram, acceptors int) (Sizes, error) {
	body := min(maxDatagram, protocol.MaxDatagram) - protocol.FrameOverhead - authTag
	around := protocol.PageOverhead - protocol.PinSize*max(protocol.MaxAcceptors-acceptors-spareMembers, 0) + protocol.VoteOverhead
	s := Sizes{
		Body:  body,
		Value: min(body-max(around, protocol.AcceptOverhead), protocol.MaxValue),
		Piece: body - protocol.PieceOverhead,
		Page:  body,
	}
	s.Submit = s.Value - protocol.ItemOverhead
	s.Payload = min(s.Submit-payloadLength, protocol.MaxPayload)
	if s.Payload < 1 {
		return Sizes{}, fmt.Errorf("datagrams of %d bytes are too small for %d acceptors", maxDatagram, acceptors)
	}
	return s, nil
}

// payloadLength bounds the length in front of a payload, in bytes.
const payloadLength = 3
