package sim

import (
	"paxos/node"
	"paxos/protocol"
)

// process and call stand for those of package node.
type (
	process struct{}
	call    struct{}
)

func (p *process) Append(payloads [][]byte) *call { return nil }
func (p *process) AppendIn(session protocol.SessionID, first protocol.Seq, payloads [][]byte) *call {
	return nil
}
func (p *process) OpenSession(n protocol.Nonce) *call { return nil }
func (p *process) Read() *call                        { return nil }
func (c *call) Done() bool                            { return false }
func (c *call) Err() error                            { return nil }
func (c *call) Placed() []node.Placed                 { return nil }
func (c *call) Session() protocol.SessionID           { return 0 }
