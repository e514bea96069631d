package listclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"paxos/protocol"
)

// Status is what a server tells of itself. docs/http-api.md says more of each field.
type Status struct {
	ID            protocol.NodeID   `json:"id"`
	Address       string            `json:"address"`
	Version       string            `json:"version"`
	Leads         bool              `json:"leads"`
	Leader        protocol.NodeID   `json:"leader"` // 0: none is known
	Ballot        string            `json:"ballot"`
	Decided       protocol.Instance `json:"decided"`
	Applied       protocol.Instance `json:"applied"`
	Trim          protocol.Instance `json:"trim"`
	Length        uint64            `json:"length"` // of the list
	Sessions      int               `json:"sessions"`
	Waiting       int               `json:"waiting"` // commands that wait for their answer
	LogBytes      int64             `json:"log_bytes"`
	DatabaseBytes int64             `json:"database_bytes"`
	FreeBytes     int64             `json:"free_bytes"` // -1: not known
	Full          bool              `json:"full"`       // appends are refused
	Removed       bool              `json:"removed"`    // it is no member any more, and answers nothing else
	StaleMillis   int64             `json:"stale_ms"`   // since it stood where the cluster did; -1: never
	UptimeMillis  int64             `json:"uptime_ms"`
	Members       []Member          `json:"members"`
	Peers         []Peer            `json:"peers"`
}

// Stale is how long ago the server last stood where the cluster did; negative: never yet.
func (s *Status) Stale() time.Duration { return time.Duration(s.StaleMillis) * time.Millisecond }

// Uptime is how long the server has been running.
func (s *Status) Uptime() time.Duration { return time.Duration(s.UptimeMillis) * time.Millisecond }

// Member is a server of the cluster.
type Member struct {
	ID      protocol.NodeID `json:"id"`
	Address string          `json:"address"` // host:port
	Voter   bool            `json:"voter"`   // false: it still catches up
}

// Peer is a server's connection to another member.
type Peer struct {
	ID          protocol.NodeID `json:"id"`
	Address     string          `json:"address"`
	Connected   bool            `json:"connected"`
	QueuedBytes int64           `json:"queued_bytes"`
	Shed        uint64          `json:"shed"` // messages that a full queue threw away
}

// Membership is who belongs to the cluster.
type Membership struct {
	Members  []Member `json:"members"`
	Changing bool     `json:"changing"` // a change is under way
	First    []Member `json:"first"`    // the servers that the cluster began with
	Cluster  string   `json:"cluster"`  // its id, in 16 hex digits
}

// Status asks one of Config.Servers, or whichever answers if server is empty. It asks that one only until it answers
// or ctx ends, at most for Config.GiveUp: to see quickly who is down, give ctx a deadline.
func (c *Client) Status(ctx context.Context, server string) (Status, error) {
	only, err := c.server(server)
	if err != nil {
		return Status{}, err
	}
	var st Status
	err = c.read(ctx, only, "/v1/status", &st)
	return st, err
}

// Members tells who belongs to the cluster.
func (c *Client) Members(ctx context.Context) (Membership, error) {
	var m Membership
	err := c.read(ctx, nil, "/v1/members", &m)
	return m, err
}

// AddMember makes the server at an address (host:port) a member. Like the other changes it is not repeated where
// its outcome is unknown; Members tells what became of it.
func (c *Client) AddMember(ctx context.Context, address string) (Membership, error) {
	return c.changeMembers(ctx, map[string]any{"add": address})
}

// RemoveMember takes a server out of the cluster.
func (c *Client) RemoveMember(ctx context.Context, id protocol.NodeID) (Membership, error) {
	return c.changeMembers(ctx, map[string]any{"remove": id})
}

// ReplaceMember takes a server out and the one at an address in, in one change.
func (c *Client) ReplaceMember(ctx context.Context, id protocol.NodeID, address string) (Membership, error) {
	return c.changeMembers(ctx, map[string]any{"replace": id, "add": address})
}

func (c *Client) changeMembers(ctx context.Context, change any) (Membership, error) {
	var m Membership
	err := c.change(ctx, "/v1/members", change, &m)
	return m, err
}

// Transfer hands leadership to a member, or, if to is 0, to anyone but the present leader. It returns who leads then.
func (c *Client) Transfer(ctx context.Context, to protocol.NodeID) (protocol.NodeID, error) {
	var answer struct {
		Leader protocol.NodeID `json:"leader"`
	}
	err := c.change(ctx, "/v1/leader", map[string]any{"to": to}, &answer)
	return answer.Leader, err
}

// read gets an answer in JSON.
func (c *Client) read(ctx context.Context, only *server, path string, into any) error {
	r := &request{method: http.MethodGet, path: path}
	body, err := c.exchange(ctx, only, r, true)
	if err != nil {
		return err.with(NotDone)
	}
	return decode(body, into, NotDone)
}

// change asks for something that is not repeated unless it was certainly not done. The wait for it is the
// context's, as far as there is one.
func (c *Client) change(ctx context.Context, path string, what, into any) error {
	body, err := json.Marshal(what)
	if err != nil {
		return &Error{Code: codeBadRequest, Outcome: NotDone, Message: "encode the request", Err: err}
	}
	wait := c.cfg.GiveUp
	if end, ok := ctx.Deadline(); ok {
		wait = min(wait, max(time.Until(end), time.Millisecond))
	}
	r := &request{method: http.MethodPost, path: path + "?timeout=" + wait.String(), body: body, wait: wait}
	answer, failed := c.exchange(ctx, nil, r, false)
	if failed != nil {
		return failed
	}
	return decode(answer, into, Done)
}

func decode(body []byte, into any, o Outcome) error {
	if err := json.Unmarshal(body, into); err != nil {
		return &Error{Code: codeBadAnswer, Outcome: o, Message: fmt.Sprintf("%.100q", body), Err: err}
	}
	return nil
}
