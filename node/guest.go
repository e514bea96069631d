package node

import (
	"encoding/binary"
	"fmt"
	"slices"

	"paxos/protocol"
)

// guest is commands of a client's own session.
type guest struct {
	call *call
	run  protocol.Run
}

// unlikely is for a call of which the list as it stands here says that it cannot
// be: the list may be old. So it is looked at again behind a barrier; then the
// reason is true. That it is refused for want of room says, as everywhere, that
// this very request was not done.
func (d *desk) unlikely(c *call, reason error, again func(now protocol.Time)) {
	switch {
	case c.sure:
		d.finish(c, reason)
	case d.held+c.size() > deskBytes:
		d.finish(c, ErrBusy)
	case c.begin(): // an earlier request may have been applied: who gives up does not know
		c.sure = true
		d.behind(c, again)
	}
}

// handleOf is the name by which a client's session is used. Ids are easy to
// guess, and whoever appends under somebody else's session takes its turns away:
// so the handle holds a part of the nonce that opened the session.
func handleOf(id protocol.SessionID, n protocol.Nonce) protocol.SessionID {
	return id<<32 | protocol.SessionID(binary.LittleEndian.Uint32(n[:]))
}

// sessionOf is the session that a handle stands for, if the list here knows it.
func (d *desk) sessionOf(handle protocol.SessionID) (id protocol.SessionID, known bool) {
	id = handle >> 32
	nonce, known := d.list.Nonce(id)
	return id, known && handleOf(id, nonce) == handle
}

// appendIn takes a call of a client's session, by its handle.
func (d *desk) appendIn(now protocol.Time, handle protocol.SessionID, first protocol.Seq, c *call) {
	id, known := d.sessionOf(handle)
	if !known {
		d.unlikely(c, ErrExpired, func(now protocol.Time) { d.appendIn(now, handle, first, c) })
		return
	}
	if len(c.payloads) == 0 {
		d.finish(c, nil)
		return
	}
	run := protocol.Run{Session: id, First: first, Count: len(c.payloads), Block: make([]byte, 0, c.size())}
	for _, p := range c.payloads {
		if err := d.own.Fits(len(p)); err != nil {
			d.finish(c, err)
			return
		}
		run.Block = protocol.AppendPayload(run.Block, p)
	}
	if err := run.Check(); err != nil {
		d.finish(c, fmt.Errorf("%w: %w", ErrOutOfTurn, err))
		return
	}
	last, _ := d.list.Session(id)
	switch {
	case run.Last() <= last:
		d.answerGuest(c, run, 0)
	case run.Last() > last+protocol.SessionWindow:
		reason := fmt.Errorf("%w: commands %d to %d, applied are those to %d", ErrOutOfTurn, first, run.Last(), last)
		d.unlikely(c, reason, func(now protocol.Time) { d.appendIn(now, handle, first, c) })
	case d.waiting() >= deskCalls || d.hosted+len(run.Block) > deskBytes:
		d.finish(c, ErrBusy)
	case c.begin():
		g := &guest{c, run}
		d.guests[id] = append(d.guests[id], g)
		d.others++
		d.hosted += len(run.Block)
		d.submit(now, g)
	}
}

// submit sends a guest's commands, in as many messages as it takes.
func (d *desk) submit(now protocol.Time, g *guest) {
	for rest := g.run; ; {
		n := fitting(rest, d.cfg.SubmitBytes)
		d.out.Send(protocol.GroupProposers, &protocol.Submit{Run: rest.Take(n)})
		if n == rest.Count {
			break
		}
		rest = rest.Drop(n)
	}
	d.arm(now)
}

// fitting is how many of a run's commands fit into so many bytes, at least one.
func fitting(r protocol.Run, bytes int) int {
	if len(r.Block) <= bytes {
		return r.Count
	}
	n, rest := 0, r.Block
	for n < r.Count {
		payload, after, err := protocol.NextPayload(rest)
		if err != nil || len(r.Block)-len(after) > bytes && n > 0 {
			break
		}
		_, rest, n = payload, after, n+1
	}
	return max(n, 1)
}

// answerGuests answers the guests of a session of whom everything was applied.
func (d *desk) answerGuests(id protocol.SessionID, through protocol.Seq, i protocol.Instance) {
	d.keepGuests(id, func(g *guest) bool {
		if g.run.Last() > through {
			return true
		}
		d.answerGuest(g.call, g.run, i)
		return false
	})
}

// answerGuest hands out the places of commands that were applied.
func (d *desk) answerGuest(c *call, run protocol.Run, i protocol.Instance) {
	c.placed = make([]Placed, 0, run.Count)
	for seq := run.First; seq <= run.Last(); seq++ {
		index, ok := d.list.Result(run.Session, seq)
		if !ok {
			d.finish(c, fmt.Errorf("%w: command %d of session %d", ErrForgotten, seq, run.Session))
			return
		}
		c.placed = append(c.placed, Placed{Index: index, Instance: i})
	}
	d.finish(c, nil)
}

// keepGuests drops the guests of a session that are not to be kept.
func (d *desk) keepGuests(id protocol.SessionID, keep func(*guest) bool) {
	all := d.guests[id]
	kept := slices.DeleteFunc(all, func(g *guest) bool {
		if keep(g) {
			return false
		}
		d.hosted -= len(g.run.Block)
		return true
	})
	d.others -= len(all) - len(kept)
	if len(kept) == 0 {
		delete(d.guests, id)
	} else {
		d.guests[id] = kept
	}
}
