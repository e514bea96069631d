package proposer

import (
	"fmt"
	"maps"
	"slices"

	"paxos/protocol"
)

// dumbList is the list's apply rule and nothing else: a command is applied if
// its seq is exactly the session's last one + 1.
type dumbList struct {
	nonces map[protocol.Nonce]protocol.SessionID
	last   map[protocol.SessionID]protocol.Seq
	log    []string
}

func newDumbList() *dumbList {
	return &dumbList{nonces: make(map[protocol.Nonce]protocol.SessionID), last: make(map[protocol.SessionID]protocol.Seq)}
}

func (l *dumbList) clone() *dumbList {
	return &dumbList{nonces: maps.Clone(l.nonces), last: maps.Clone(l.last), log: slices.Clone(l.log)}
}

// Session makes it the proposer's Sessions.
func (l *dumbList) Session(id protocol.SessionID) (protocol.Seq, bool) {
	last, ok := l.last[id]
	return last, ok
}

func (l *dumbList) apply(v protocol.Value) *protocol.Effects {
	e := new(protocol.Effects)
	for len(v) > 0 {
		item, rest, err := v.Next()
		if err != nil {
			panic(err)
		}
		v = rest
		if item.Change != nil {
			continue // world_members_test.go has them
		}
		if item.Open {
			e.Opened = append(e.Opened, protocol.Opened{Nonce: item.Nonce, Session: l.open(item.Nonce)})
			continue
		}
		l.applyRun(item.Run, e)
	}
	return e
}

func (l *dumbList) open(n protocol.Nonce) protocol.SessionID {
	if l.nonces[n] == 0 {
		l.nonces[n] = protocol.SessionID(len(l.nonces) + 1)
		l.last[l.nonces[n]] = 0
	}
	return l.nonces[n]
}

func (l *dumbList) applyRun(r protocol.Run, e *protocol.Effects) {
	last, ok := l.last[r.Session]
	if !ok {
		e.Expired = append(e.Expired, r.Session)
		return
	}
	skipped, before := false, last
	for seq, block := r.First, r.Block; seq <= r.Last(); seq++ {
		payload, rest, _ := protocol.NextPayload(block)
		block = rest
		if seq != last+1 {
			skipped = true
			continue
		}
		last = seq
		l.log = append(l.log, fmt.Sprintf("%d/%d=%s", r.Session, seq, payload))
	}
	l.last[r.Session] = last
	if last > before {
		e.Advanced = append(e.Advanced, protocol.Ack{Session: r.Session, Through: last})
	}
	if skipped {
		e.Skipped = append(e.Skipped, protocol.Ack{Session: r.Session, Through: last})
	}
}
