package sealed

import (
	"crypto/cipher"

	"paxos/protocol"
)

// maxSenders bounds the senders that are remembered (rule 8), each with 2.5 KB.
// Only who has the key gets a place. Every process is one sender, and every start
// of a process another, for as long as its last datagram is fresh.
const maxSenders = 1024

// sender is what is remembered of one sender.
type sender struct {
	aead    cipher.AEAD
	newest  uint32 // the latest time on any datagram that was admitted
	windows [protocol.Groups]window
}

// senders remembers who was heard, so that no datagram is believed twice.
//
// A sender may be forgotten, and with it which of its datagrams were heard, only
// when none of those can be fresh any more: when the newest of them is not. A place
// is never taken from one whose datagrams could be replayed; a newcomer that finds
// no place is refused until there is one.
type senders struct {
	known map[uint64]*sender
	most  int
	swept uint32 // when old ones were last looked for
}

func newSenders(most int) senders { return senders{known: make(map[uint64]*sender), most: most} }

// find returns what is remembered of a sender, or finds a place for a new one; nil
// where all are taken. The old are looked for at most once a second, so that being
// full costs little.
func (s *senders) find(st stamp, aead cipher.AEAD, now uint32, tolerance int64) *sender {
	if one := s.known[st.sender]; one != nil {
		return one
	}
	if len(s.known) >= s.most && s.swept != now {
		s.swept = now
		s.sweep(now, tolerance)
	}
	if len(s.known) >= s.most {
		return nil
	}
	one := &sender{aead: aead, newest: st.time}
	s.known[st.sender] = one
	return one
}

// sweep forgets the senders whose every datagram is stale.
func (s *senders) sweep(now uint32, tolerance int64) {
	for id, one := range s.known {
		if after(now, one.newest) > tolerance {
			delete(s.known, id)
		}
	}
}
