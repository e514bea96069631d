package sealed

import (
	"crypto/cipher"

	"paxos/protocol"
)

// verdict is what an opener finds.
type verdict int

const (
	admitted    verdict = iota
	unauthentic         // too short for a trailer, altered, or sealed with another key
	stale               // of a time too far from ours
	replayed            // heard before, or too far overtaken to know, or our own
	crowded             // from a new sender, and there is no place for one
	verdicts
)

// opener is the receiver's half. It is not for several goroutines at once.
type opener struct {
	keys      *keyring
	senders   senders
	tolerance int64         // seconds
	self      func() uint64 // our own sender id
	nonce     nonce
}

// open returns the payload of a datagram that came to group, if it is to be
// believed. Nothing of the datagram but its sender id, which says what key to try,
// is used before the tag was found right, and nothing is remembered.
func (o *opener) open(group protocol.Group, now uint32, data []byte) ([]byte, verdict) {
	if len(data) < Trailer {
		return nil, unauthentic
	}
	payload := data[: len(data)-Trailer : len(data)-Trailer]
	st := readStamp(data[len(payload):])
	aead := o.cipher(st.sender)
	signed := len(data) - tagSize
	if _, err := aead.Open(nil, o.nonce.set(group, st), data[signed:], data[:signed]); err != nil {
		return nil, unauthentic
	}
	if v := o.judge(aead, group, now, st); v != admitted {
		return nil, v
	}
	return payload, admitted
}

// cipher returns the one of a sender, known or not.
func (o *opener) cipher(id uint64) cipher.AEAD {
	if one := o.senders.known[id]; one != nil {
		return one.aead
	}
	return o.keys.sender(id)
}

// judge decides on an authentic datagram: is it fresh, and heard for the first
// time? Freshness comes first: it is what makes forgetting senders safe.
func (o *opener) judge(aead cipher.AEAD, group protocol.Group, now uint32, st stamp) verdict {
	age := after(now, st.time)
	if age > o.tolerance || age < -o.tolerance {
		return stale
	}
	if st.sender == o.self() {
		return replayed // somebody holds up a mirror; node knows our own by their sender, too
	}
	one := o.senders.find(st, aead, now, o.tolerance)
	if one == nil {
		return crowded
	}
	if !one.windows[group].admit(st.number) {
		return replayed
	}
	if after(st.time, one.newest) > 0 {
		one.newest = st.time
	}
	return admitted
}
