package list

import (
	"fmt"
	"slices"

	"paxos/protocol"
)

// twin is the list done the dumbest way: command by command, nothing ever
// forgotten, nothing shared. Tests hold State to it.
type twin struct {
	limit    int
	uses     int
	opened   uint64
	list     []string
	sessions []*twinSession // the open ones, in the order they were opened
}

type twinSession struct {
	id    protocol.SessionID
	nonce protocol.Nonce
	used  int
	where []uint64 // index in the list of command seq 1, 2, ...
}

func (t *twin) find(match func(*twinSession) bool) *twinSession {
	if i := slices.IndexFunc(t.sessions, match); i >= 0 {
		return t.sessions[i]
	}
	return nil
}

func (t *twin) byID(id protocol.SessionID) *twinSession {
	return t.find(func(s *twinSession) bool { return s.id == id })
}

func (t *twin) use(s *twinSession) { t.uses++; s.used = t.uses }

func (t *twin) open(n protocol.Nonce, e *protocol.Effects) {
	s := t.find(func(s *twinSession) bool { return s.nonce == n })
	if s == nil {
		if len(t.sessions) == t.limit {
			oldest := slices.MinFunc(t.sessions, func(a, b *twinSession) int { return a.used - b.used })
			t.sessions = slices.DeleteFunc(t.sessions, func(s *twinSession) bool { return s == oldest })
		}
		t.opened++
		s = &twinSession{id: protocol.SessionID(t.opened), nonce: n}
		t.sessions = append(t.sessions, s)
	}
	t.use(s)
	e.Opened = append(e.Opened, protocol.Opened{Nonce: n, Session: s.id})
}

func (t *twin) run(r protocol.Run, e *protocol.Effects) {
	s := t.byID(r.Session)
	if s == nil {
		e.Expired = slices.Compact(append(e.Expired, r.Session))
		return
	}
	before := len(s.where)
	payloads := unpack(r.Block)
	for i, p := range payloads {
		if seq := r.First + protocol.Seq(i); seq == protocol.Seq(len(s.where))+1 {
			s.where = append(s.where, uint64(len(t.list)))
			t.list = append(t.list, p)
		}
	}
	ack := protocol.Ack{Session: s.id, Through: protocol.Seq(len(s.where))}
	if len(s.where) == before {
		e.Skipped = renew(e.Skipped, ack)
		return
	}
	t.use(s)
	e.Advanced = renew(e.Advanced, ack)
}

func renew(acks []protocol.Ack, a protocol.Ack) []protocol.Ack {
	if n := len(acks); n > 0 && acks[n-1].Session == a.Session {
		acks = acks[:n-1]
	}
	return append(acks, a)
}

// apply applies items up to the first malformed one.
func (t *twin) apply(v protocol.Value, e *protocol.Effects) {
	for len(v) > 0 {
		item, rest, err := v.Next()
		if err != nil {
			return
		}
		switch {
		case item.Open:
			t.open(item.Nonce, e)
		case item.Change != nil: // members_test.go has them
		default:
			t.run(item.Run, e)
		}
		v = rest
	}
}

func unpack(block []byte) (payloads []string) {
	for len(block) > 0 {
		payload, rest, err := protocol.NextPayload(block)
		if err != nil {
			panic(err)
		}
		payloads, block = append(payloads, string(payload)), rest
	}
	return payloads
}

// nonceOf makes nonces that tell their number.
func nonceOf(n int) (nonce protocol.Nonce) {
	copy(nonce[:], fmt.Sprintf("client %d", n))
	return nonce
}

// runOf makes a run of count commands whose payloads name session and seq.
func runOf(id protocol.SessionID, first protocol.Seq, count int) protocol.Run {
	r := protocol.Run{Session: id, First: first, Count: count}
	for i := range count {
		r.Block = protocol.AppendPayload(r.Block, fmt.Appendf(nil, "%d/%d", id, first+protocol.Seq(i)))
	}
	return r
}

// value makes a value of nonces (opens), runs and changes.
func value(items ...any) (v protocol.Value) {
	for _, item := range items {
		switch item := item.(type) {
		case protocol.Nonce:
			v = v.AppendOpen(item)
		case protocol.Run:
			v = v.AppendRun(item)
		case *protocol.Change:
			v = v.AppendChange(item)
		case string: // raw bytes
			v = append(v, item...)
		}
	}
	return v
}

// apply applies a value as the next instance and returns what came of it.
func apply(s *State, items ...any) protocol.Effects {
	var e protocol.Effects
	s.Apply(s.Applied()+1, value(items...), &e)
	return e
}

// contents reads the list as text.
func contents(s *State, from uint64, older ChunkSource) (list []string, err error) {
	err = s.View().Read(from, older, func(first uint64, count int, block []byte) error {
		if want := from + uint64(len(list)); first != want {
			return fmt.Errorf("block from %d, want %d", first, want)
		}
		payloads := unpack(block)
		if len(payloads) != count {
			return fmt.Errorf("block of %d payloads says %d", len(payloads), count)
		}
		list = append(list, payloads...)
		return nil
	})
	return list, err
}

// shelf is a ChunkSource in memory.
type shelf map[uint64][]byte

func (m shelf) Chunk(n uint64) ([]byte, error) {
	if c, ok := m[n]; ok {
		return c, nil
	}
	return nil, fmt.Errorf("no chunk %d on the shelf", n)
}

// checkpoint moves all closed chunks of s to the shelf.
func (m shelf) checkpoint(s *State) {
	for _, c := range s.TakeClosed() {
		m[c.Number] = EncodeChunk(nil, c.Raw)
	}
	s.Checkpointed(s.Length() / protocol.ChunkEntries)
}
