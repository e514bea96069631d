package server

import (
	"encoding/json"
	"time"

	"paxos/node"
	"paxos/protocol"
)

// statusAnswer is the answer to GET /v1/status.
type statusAnswer struct {
	ID            protocol.NodeID   `json:"id"`
	Address       string            `json:"address"`
	Version       string            `json:"version"`
	Leads         bool              `json:"leads"`
	Leader        protocol.NodeID   `json:"leader"`
	Ballot        string            `json:"ballot"`
	Decided       protocol.Instance `json:"decided"`
	Applied       protocol.Instance `json:"applied"`
	Trim          protocol.Instance `json:"trim"`
	Length        uint64            `json:"length"`
	Sessions      int               `json:"sessions"`
	Waiting       int               `json:"waiting"`
	LogBytes      int64             `json:"log_bytes"`
	DatabaseBytes int64             `json:"database_bytes"`
	FreeBytes     int64             `json:"free_bytes"`
	Full          bool              `json:"full"`
	Removed       bool              `json:"removed"`
	StaleMillis   int64             `json:"stale_ms"`
	UptimeMillis  int64             `json:"uptime_ms"`
	Members       []memberAnswer    `json:"members"`
	Peers         []peerAnswer      `json:"peers"`
}

type memberAnswer struct {
	ID      protocol.NodeID `json:"id"`
	Address string          `json:"address"`
	Voter   bool            `json:"voter"`
}

type peerAnswer struct {
	ID          protocol.NodeID `json:"id"`
	Address     string          `json:"address"`
	Connected   bool            `json:"connected"`
	QueuedBytes int64           `json:"queued_bytes"`
	Shed        uint64          `json:"shed"`
}

// status answers GET /v1/status.
func (x *exchange) status() error {
	if _, err := x.query(); err != nil {
		return err
	}
	st := x.s.engine.Status()
	return x.replyJSON(statusAnswer{
		ID: st.Self.ID, Address: st.Self.Address, Version: x.s.version,
		Leads: st.Leads, Leader: st.Leader, Ballot: st.Ballot.String(),
		Decided: st.Decided, Applied: st.Applied, Trim: st.Trim,
		Length: st.Length, Sessions: st.Sessions, Waiting: st.Waiting,
		LogBytes: st.Store.Log.DiskBytes, DatabaseBytes: st.Store.DatabaseBytes, FreeBytes: st.FreeBytes, Full: st.Full, Removed: st.Removed,
		StaleMillis: staleMillis(st.Stale), UptimeMillis: st.Uptime.Milliseconds(),
		Members: memberAnswers(st.Members), Peers: x.s.peerAnswers(),
	})
}

func staleMillis(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return d.Milliseconds()
}

func memberAnswers(members []node.Member) []memberAnswer {
	answers := []memberAnswer{} // not nil: an empty array in JSON
	for _, m := range members {
		answers = append(answers, memberAnswer(m))
	}
	return answers
}

func (s *Server) peerAnswers() []peerAnswer {
	answers := []peerAnswer{}
	for _, p := range s.peerStatus() {
		answers = append(answers, peerAnswer(p))
	}
	return answers
}

// replyJSON sends a short answer.
func (x *exchange) replyJSON(answer any) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	x.out = append(append(x.out[:0], text...), '\n')
	return x.reply()
}
