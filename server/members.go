package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"

	"paxos/node"
	"paxos/protocol"
	"paxos/server/value"
)

// membersAnswer is the answer to GET and POST /v1/members. First and Cluster are
// what a server that joins must begin with.
type membersAnswer struct {
	Members  []memberAnswer `json:"members"`
	Changing bool           `json:"changing"`
	First    []memberAnswer `json:"first"`
	Cluster  string         `json:"cluster"`
}

// members answers GET /v1/members, with the members as they are now: who joins
// goes by the answer, and a server that was removed knows old ones.
func (x *exchange) members() error {
	q, err := x.query("timeout")
	if err != nil {
		return err
	}
	if err := x.barrier(q); err != nil {
		return err
	}
	return x.replyMembers()
}

func (x *exchange) replyMembers() error {
	st := x.s.engine.Status()
	return x.replyJSON(membersAnswer{
		Members: memberAnswers(st.Members), Changing: st.Changing,
		First: memberAnswers(st.First), Cluster: st.Cluster.String(),
	})
}

// memberChange is the body of POST /v1/members.
type memberChange struct {
	add             string // host:port; empty: nobody
	remove, replace protocol.NodeID
}

var memberFields = []string{`"add"`, `"remove"`, `"replace"`}

// changeMembers answers POST /v1/members.
func (x *exchange) changeMembers() error {
	change, err := x.parseChange()
	if err != nil {
		return err
	}
	q, err := x.query("timeout")
	if err != nil {
		return err
	}
	ctx, cancel, err := x.waiting(q)
	if err != nil {
		return err
	}
	defer cancel()
	if err := change.apply(ctx, x.s.engine); err != nil {
		return refused(err)
	}
	return x.replyMembers()
}

// refused is the failure for an error that is a reason, unless it is known. Who
// stops waiting for such a change does not know if it comes about.
func refused(err error) error {
	if !errors.Is(err, node.ErrUnknown) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		err = fmt.Errorf("%w: %w", node.ErrUnknown, err)
	}
	if f := known(err); f != nil {
		return f
	}
	return conflict(err)
}

func (c memberChange) apply(ctx context.Context, engine Engine) error {
	switch {
	case c.remove != 0:
		return engine.RemoveMember(ctx, c.remove)
	case c.replace != 0:
		return engine.ReplaceMember(ctx, c.replace, c.add)
	}
	return engine.AddMember(ctx, c.add)
}

func (x *exchange) parseChange() (change memberChange, err error) {
	c := cursor{in: x.body}
	_, err = c.object(memberFields, func(i int) (err error) {
		switch i {
		case 0:
			change.add, err = address(&c)
		case 1:
			change.remove, err = nodeID(&c, 1)
		case 2:
			change.replace, err = nodeID(&c, 1)
		}
		return err
	})
	switch {
	case err != nil:
	case change.remove != 0 && (change.add != "" || change.replace != 0),
		change.remove == 0 && change.add == "":
		err = bad(`"add", or "remove", or "replace" with "add" is expected`)
	}
	return change, err
}

func nodeID(c *cursor, least uint64) (protocol.NodeID, error) {
	n, err := c.number(least, math.MaxUint32)
	return protocol.NodeID(n), err
}

// address reads host:port.
func address(c *cursor) (string, error) {
	text, err := c.text()
	if err != nil {
		return "", err
	}
	v, err := value.FromPayload(text)
	if err != nil {
		return "", err
	}
	addr, _ := v.Text()
	host, port, err := net.SplitHostPort(addr)
	if n, convErr := strconv.ParseUint(port, 10, 16); err != nil || host == "" || convErr != nil || n == 0 {
		return "", bad("an address is host:port, not %.80q", addr)
	}
	return addr, nil
}

var leaderFields = []string{`"to"`}

// moveLeader answers POST /v1/leader.
func (x *exchange) moveLeader() error {
	var to protocol.NodeID
	c := cursor{in: x.body}
	_, err := c.object(leaderFields, func(int) (err error) {
		to, err = nodeID(&c, 0)
		return err
	})
	if err != nil {
		return err
	}
	q, err := x.query("timeout")
	if err != nil {
		return err
	}
	ctx, cancel, err := x.waiting(q)
	if err != nil {
		return err
	}
	defer cancel()
	if err := x.s.engine.Transfer(ctx, to); err != nil {
		return refused(err)
	}
	x.out = append(x.out[:0], `{"leader": `...)
	x.out = append(append(x.out, x.s.engine.Status().Leader.String()...), "}\n"...)
	return x.reply()
}
