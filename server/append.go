package server

import (
	"crypto/rand"
	"encoding/hex"
	"math"
	"strconv"

	"paxos/node"
	"paxos/protocol"
)

// maxBatch is how many values one request may append.
const maxBatch = 1024

// appendRequest is the body of POST /v1/list, without its values.
type appendRequest struct {
	batch   bool // indexes are asked for, not one index
	session protocol.SessionID
	first   protocol.Seq
}

// The fields of an append request, and the bits that object has for them.
var appendFields = []string{`"value"`, `"values"`, `"client"`, `"seq"`}

const (
	bitValue = 1 << iota
	bitValues
	bitClient
	bitSeq
)

// append answers POST /v1/list.
func (x *exchange) append() error {
	req, err := x.parseAppend()
	if err != nil {
		return err
	}
	placed, err := x.place(req)
	if err != nil {
		return err
	}
	if req.batch {
		x.out = append(x.out[:0], `{"indexes": [`...)
		for i, p := range placed {
			if i > 0 {
				x.out = append(x.out, ',')
			}
			x.out = strconv.AppendUint(x.out, p.Index, 10)
		}
		x.out = append(x.out, ']')
	} else {
		x.out = append(x.out[:0], `{"index": `...)
		x.out = strconv.AppendUint(x.out, placed[0].Index, 10)
	}
	x.out = append(x.out, `, "instance": `...)
	x.out = strconv.AppendUint(x.out, uint64(highest(placed)), 10)
	x.out = append(x.out, "}\n"...)
	return x.reply()
}

func highest(placed []node.Placed) (i protocol.Instance) {
	for _, p := range placed {
		i = max(i, p.Instance)
	}
	return i
}

// parseAppend reads the body: the values into x.payloads, the rest into a request.
func (x *exchange) parseAppend() (req appendRequest, err error) {
	c := cursor{in: x.body}
	x.payloads = x.payloads[:0]
	seen, err := c.object(appendFields, func(i int) (err error) {
		var n uint64
		switch 1 << i {
		case bitValue:
			return x.takeValue(&c)
		case bitValues:
			req.batch = true
			return c.array(func() error { return x.takeValue(&c) })
		case bitClient:
			n, err = c.number(1, math.MaxUint64)
			req.session = protocol.SessionID(n)
		case bitSeq:
			n, err = c.number(1, math.MaxUint64-maxBatch)
			req.first = protocol.Seq(n)
		}
		return err
	})
	if err != nil {
		return req, err
	}
	switch {
	case seen&(bitValue|bitValues) != bitValue && seen&(bitValue|bitValues) != bitValues:
		return req, bad(`either "value" or "values" is expected`)
	case len(x.payloads) == 0:
		return req, bad(`"values" has at least one value`)
	case (seen&bitClient == 0) != (seen&bitSeq == 0):
		return req, bad(`"client" and "seq" stand together or not at all`)
	}
	return req, nil
}

// takeValue reads a value to be appended.
func (x *exchange) takeValue(c *cursor) error {
	text, err := c.value()
	switch {
	case err != nil:
		return err
	case len(text) > protocol.MaxPayload:
		return tooLarge("a value is at most %d bytes of JSON long, this one is %d", protocol.MaxPayload, len(text))
	case len(x.payloads) == maxBatch:
		return bad("a request has at most %d values", maxBatch)
	}
	x.payloads = append(x.payloads, text)
	return nil
}

// place has the engine append x.payloads, in a session or outside of any.
func (x *exchange) place(req appendRequest) ([]node.Placed, error) {
	q, err := x.query("timeout")
	if err != nil {
		return nil, err
	}
	ctx, cancel, err := x.waiting(q)
	if err != nil {
		return nil, err
	}
	defer cancel()
	if !x.s.appends.take(1) {
		return nil, busy("more than %d requests to append are waiting", x.s.limits.Appends)
	}
	defer x.s.appends.give(1)
	var placed []node.Placed
	if req.session != 0 {
		placed, err = x.s.engine.AppendIn(ctx, req.session, req.first, x.payloads)
	} else {
		placed, err = x.s.engine.Append(ctx, x.payloads)
	}
	if err != nil {
		x.body, x.payloads = nil, nil // the engine may still look at them: they are not used again
		return nil, err
	}
	x.s.metrics.appended(len(placed))
	return placed, nil
}

var sessionFields = []string{`"nonce"`}

// openSession answers POST /v1/sessions.
func (x *exchange) openSession() error {
	nonce, err := x.parseNonce()
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
	if !x.s.appends.take(1) {
		return busy("more than %d requests to append are waiting", x.s.limits.Appends)
	}
	defer x.s.appends.give(1)
	id, err := x.s.engine.OpenSession(ctx, nonce)
	if err != nil {
		return err
	}
	x.out = append(x.out[:0], `{"client": `...)
	x.out = strconv.AppendUint(x.out, uint64(id), 10)
	x.out = append(x.out, `, "window": `...)
	x.out = strconv.AppendUint(x.out, protocol.SessionWindow, 10)
	x.out = append(x.out, "}\n"...)
	return x.reply()
}

// parseNonce reads the nonce from the body, or draws one.
func (x *exchange) parseNonce() (nonce protocol.Nonce, err error) {
	_, _ = rand.Read(nonce[:]) // never fails: crypto/rand
	c := cursor{in: x.body}
	_, err = c.object(sessionFields, func(int) error {
		text, err := c.text()
		if err != nil {
			return err
		}
		if len(text) != 2+2*len(nonce) {
			return bad(`"nonce" has %d hexadecimal digits`, 2*len(nonce))
		}
		if _, err := hex.Decode(nonce[:], text[1:len(text)-1]); err != nil {
			return bad(`"nonce" has %d hexadecimal digits: %v`, 2*len(nonce), err)
		}
		return nil
	})
	return nonce, err
}
