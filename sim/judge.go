package sim

import (
	"paxos/protocol"
	"paxos/storage"
)

// judge checks, at every step, that what was promised holds.
type judge struct{ w *world }

func newJudge(w *world) *judge { return &judge{w} }

func (j *judge) sent(h *host, s protocol.Send)                      {}
func (j *judge) durable(h *host, records []protocol.Record)         {}
func (j *judge) restored(h *host, r storage.Restored)               {}
func (j *judge) applied(h *host, i protocol.Instance, value []byte) {}
func (j *judge) installed(h *host, i protocol.Instance)             {}
func (j *judge) checkpointed(h *host, i protocol.Instance)          {}
func (j *judge) turned(h *host)                                     {}
func (j *judge) stopped(h *host, err error)                         {}
