package inspect

import (
	"encoding/json"
	"fmt"

	"paxos/protocol"
	"paxos/storage"
)

// Ballot is a ballot that JSON has with its incarnation in hexadecimal: many programs
// round numbers of more than 53 bits.
type Ballot struct{ protocol.Ballot }

// MarshalJSON writes {"round":1,"proposer":2,"incarnation":"16 hex digits"}.
func (b Ballot) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Round       uint64          `json:"round"`
		Proposer    protocol.NodeID `json:"proposer"`
		Incarnation string          `json:"incarnation"`
	}{b.Round, b.Proposer, fmt.Sprintf("%016x", b.Incarnation)})
}

// Pin is a pin that JSON has with the store as it stands everywhere else.
type Pin struct{ protocol.Pin }

// MarshalJSON writes {"acceptor":1,"store":"16 hex digits"}.
func (p Pin) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Acceptor protocol.NodeID `json:"acceptor"`
		Store    string          `json:"store"`
	}{p.Acceptor, p.Store.String()})
}

// Pins are pins that JSON has so.
func Pins(pins []protocol.Pin) []Pin {
	all := make([]Pin, len(pins))
	for i, p := range pins {
		all[i] = Pin{p}
	}
	return all
}

// ImageSummary is an image of a program's own state machine.
type ImageSummary struct {
	Index      uint64 `json:"index"` // of the first entry of the list that it does not stand for
	Generation uint32 `json:"generation"`
	Pieces     uint32 `json:"pieces"`
	Bytes      uint64 `json:"bytes"` // of its pieces, before they were encoded
	Sum        string `json:"sum"`
}

func imageSummary(i storage.Image) *ImageSummary {
	if i.Generation == 0 {
		return nil
	}
	return &ImageSummary{i.Index, i.Generation, i.Pieces, i.Bytes, fmt.Sprintf("%016x", i.Sum)}
}
