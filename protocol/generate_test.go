package protocol

import (
	"slices"

	"pgregory.net/rapid"
)

// Generators of well-formed things, one for each message and record.

const testCluster ClusterID = 0x1122334455667788

var (
	anyNumber  = rapid.OneOf(rapid.Uint64Range(0, 3), rapid.Uint64(), rapid.Just(^uint64(0)))
	someNumber = rapid.OneOf(rapid.Uint64Range(1, 3), rapid.Uint64Range(1, ^uint64(0)))
	anyBytes   = rapid.SliceOfN(rapid.Byte(), 0, 40)
	genNodeID  = rapid.Custom(func(t *rapid.T) NodeID { return NodeID(rapid.Uint32Range(1, ^uint32(0)).Draw(t, "node")) })
	genRole    = rapid.Custom(func(t *rapid.T) Role { return Role(rapid.IntRange(int(RoleClient), int(RoleServer)).Draw(t, "role")) })
	genPeer    = rapid.Custom(func(t *rapid.T) Peer { return Peer{genRole.Draw(t, "role"), genNodeID.Draw(t, "node")} })
	genTarget  = rapid.OneOf(rapid.Just(Peer{}), genPeer)
)

func number[T ~uint64](t *rapid.T) T { return T(anyNumber.Draw(t, "number")) }
func some[T ~uint64](t *rapid.T) T   { return T(someNumber.Draw(t, "some")) }

func anyNumber32(t *rapid.T) uint32 { return uint32(number[uint64](t)) }

var genSender = rapid.Custom(func(t *rapid.T) Sender { return Sender{genPeer.Draw(t, "peer"), number[StoreID](t)} })

var genNonce = rapid.Custom(func(t *rapid.T) (n Nonce) {
	copy(n[:], rapid.SliceOfN(rapid.Byte(), len(n), len(n)).Draw(t, "nonce"))
	return n
})

var genBallot = rapid.Custom(func(t *rapid.T) Ballot {
	return Ballot{some[uint64](t), genNodeID.Draw(t, "proposer"), number[uint64](t)}
})

var genSpan = rapid.Custom(func(t *rapid.T) Span {
	a, b := some[Instance](t), some[Instance](t)
	return Span{min(a, b), max(a, b)}
})

var genMark = rapid.Custom(func(t *rapid.T) Mark {
	if rapid.Bool().Draw(t, "no mark") {
		return Mark{}
	}
	return Mark{genBallot.Draw(t, "ballot"), genSpan.Draw(t, "span")}
})

// genPins draws pins in ascending order of acceptors, none as nil.
var genPins = rapid.Custom(func(t *rapid.T) (pins []Pin) {
	ids := rapid.SliceOfNDistinct(genNodeID, 0, MaxAcceptors, rapid.ID).Draw(t, "acceptors")
	slices.Sort(ids)
	for _, id := range ids {
		pins = append(pins, Pin{id, some[StoreID](t)})
	}
	return pins
})

var genRun = rapid.Custom(func(t *rapid.T) Run {
	r := Run{Session: some[SessionID](t), First: Seq(rapid.Uint64Range(1, 1<<63).Draw(t, "first"))}
	for range rapid.IntRange(1, 20).Draw(t, "count") {
		r.Block = AppendPayload(r.Block, anyBytes.Draw(t, "payload"))
		r.Count++
	}
	return r
})

var genValue = rapid.Custom(func(t *rapid.T) Value {
	v := Value{}
	for range rapid.IntRange(0, 4).Draw(t, "items") {
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0, 1, 2, 3:
			v = v.AppendOpen(genNonce.Draw(t, "nonce"))
		case 4:
			c := genChange(t)
			v = v.AppendChange(&c)
		case 5:
			v = v.AppendChange(&Change{Epoch: number[uint64](t), Settle: true})
		default:
			v = v.AppendRun(genRun.Draw(t, "run"))
		}
	}
	return v
})

// genChange draws a change that is well-formed in itself.
func genChange(t *rapid.T) Change {
	c := Change{Epoch: number[uint64](t), Next: 1}
	for range rapid.IntRange(1, 7).Draw(t, "members") {
		m := Member{c.Next, rapid.StringN(0, 20, 20).Draw(t, "address")}
		if len(c.Voters) == 0 || rapid.Bool().Draw(t, "votes") {
			c.Voters = append(c.Voters, m)
		} else {
			c.Learners = append(c.Learners, m)
		}
		c.Next += NodeID(rapid.IntRange(1, 3).Draw(t, "gap"))
	}
	return c
}

var genAck = rapid.Custom(func(t *rapid.T) Ack { return Ack{some[SessionID](t), number[Seq](t)} })

var genDecision = rapid.Custom(func(t *rapid.T) Decision {
	return Decision{some[Instance](t), genValue.Draw(t, "value")}
})

// listOf draws a list, an empty one as nil, as decoders give it.
func listOf[T any](t *rapid.T, g *rapid.Generator[T]) []T {
	if list := rapid.SliceOfN(g, 0, 12).Draw(t, "list"); len(list) > 0 {
		return list
	}
	return nil
}

// genPage draws a page of votes within its borders, ascending.
func genPage(t *rapid.T) *Promise {
	m := &Promise{Ballot: genBallot.Draw(t, "ballot"), From: Instance(rapid.Uint64Range(1, 1<<62).Draw(t, "from"))}
	next := m.From
	for range rapid.IntRange(0, 6).Draw(t, "votes") {
		next += Instance(rapid.Uint64Range(0, 9).Draw(t, "gap"))
		m.Votes = append(m.Votes, Vote{genBallot.Draw(t, "ballot"), next, genValue.Draw(t, "value")})
		next++
	}
	if rapid.Bool().Draw(t, "more") {
		m.Next = max(next, m.From+1)
	}
	m.Trim, m.Pins = number[Instance](t), genPins.Draw(t, "pins")
	return m
}

func genPiece(t *rapid.T) *Piece {
	data := anyBytes.Draw(t, "data")
	offset := rapid.Uint32Range(0, ^uint32(0)-uint32(len(data))).Draw(t, "offset")
	total := rapid.Uint32Range(offset+uint32(len(data)), ^uint32(0)).Draw(t, "total")
	return &Piece{genKind(t), number[uint64](t), total, anyNumber32(t), offset, data}
}

func genKind(t *rapid.T) BlobKind {
	return rapid.SampledFrom([]BlobKind{BlobHead, BlobChunk}).Draw(t, "kind")
}

func genStranger(t *rapid.T) *Stranger {
	m := &Stranger{genNodeID.Draw(t, "acceptor"), some[StoreID](t), some[StoreID](t)}
	if m.Store == m.Pinned {
		m.Store ^= 8
	}
	return m
}

func genTrimmed(t *rapid.T) *Trimmed {
	a, b := number[Instance](t), number[Instance](t)
	return &Trimmed{min(a, b), max(a, b)}
}

// messages has a generator for each message type.
var messages = map[MessageType]func(t *rapid.T) Message{
	TypeOpen:    func(t *rapid.T) Message { return &Open{genNonce.Draw(t, "nonce")} },
	TypeOpened:  func(t *rapid.T) Message { return &Opened{genNonce.Draw(t, "nonce"), some[SessionID](t)} },
	TypeSubmit:  func(t *rapid.T) Message { return &Submit{genRun.Draw(t, "run")} },
	TypeAcks:    func(t *rapid.T) Message { return &Acks{listOf(t, genAck)} },
	TypeExpired: func(t *rapid.T) Message { return &Expired{some[SessionID](t)} },
	TypeCanvass: func(t *rapid.T) Message { return &Canvass{some[uint64](t)} },
	TypeSupport: func(t *rapid.T) Message {
		promised := rapid.OneOf(rapid.Just(Ballot{}), genBallot).Draw(t, "promised")
		return &Support{some[uint64](t), rapid.Bool().Draw(t, "granted"), promised}
	},
	TypePrepare: func(t *rapid.T) Message {
		target := NodeID(anyNumber32(t))
		return &Prepare{genBallot.Draw(t, "ballot"), some[Instance](t), target, genPins.Draw(t, "pins")}
	},
	TypePromise: func(t *rapid.T) Message { return genPage(t) },
	TypeRefuse: func(t *rapid.T) Message {
		return &Refuse{genBallot.Draw(t, "ballot"), genBallot.Draw(t, "promised")}
	},
	TypeAccept: func(t *rapid.T) Message {
		return &Accept{genBallot.Draw(t, "ballot"), some[Instance](t), genMark.Draw(t, "mark"), genValue.Draw(t, "value")}
	},
	TypeAccepted: func(t *rapid.T) Message { return &Accepted{genBallot.Draw(t, "ballot"), listOf(t, genSpan)} },
	TypeHeartbeat: func(t *rapid.T) Message {
		return &Heartbeat{genBallot.Draw(t, "ballot"), number[Instance](t), number[uint64](t), rapid.Bool().Draw(t, "full"), genMark.Draw(t, "mark"), genPins.Draw(t, "pins")}
	},
	TypeHeartbeatAck: func(t *rapid.T) Message {
		trim := number[Instance](t)
		applied := max(trim, number[Instance](t))
		return &HeartbeatAck{genBallot.Draw(t, "ballot"), number[uint64](t), anyNumber32(t), rapid.Bool().Draw(t, "low"), applied, trim}
	},
	TypeAsk:     func(t *rapid.T) Message { return &Ask{genTarget.Draw(t, "target"), genSpan.Draw(t, "span")} },
	TypeDecided: func(t *rapid.T) Message { return &Decided{number[Instance](t), listOf(t, genDecision)} },
	TypeTrimmed: func(t *rapid.T) Message { return genTrimmed(t) },
	TypeFetch: func(t *rapid.T) Message {
		return &Fetch{genTarget.Draw(t, "target"), genKind(t), number[uint64](t), anyNumber32(t), anyNumber32(t)}
	},
	TypePiece:    func(t *rapid.T) Message { return genPiece(t) },
	TypeStranger: func(t *rapid.T) Message { return genStranger(t) },
	TypeRead:     func(t *rapid.T) Message { return &Read{number[uint64](t)} },
	TypeReadAt: func(t *rapid.T) Message {
		return &ReadAt{genTarget.Draw(t, "target"), number[uint64](t), number[Instance](t)}
	},
	TypeReconfigure: func(t *rapid.T) Message { return &Reconfigure{genChange(t)} },
	TypeYield:       func(t *rapid.T) Message { return &Yield{genBallot.Draw(t, "ballot"), NodeID(anyNumber32(t))} },
}

var genMessage = rapid.Custom(func(t *rapid.T) Message {
	typ := MessageType(rapid.IntRange(1, int(messageTypes)-1).Draw(t, "type"))
	return messages[typ](t)
})

// records has a generator for each record type.
var records = map[RecordType]func(t *rapid.T) Record{
	RecordPromised: func(t *rapid.T) Record { return &Promised{genBallot.Draw(t, "ballot")} },
	RecordVoted: func(t *rapid.T) Record {
		return &Voted{Vote{genBallot.Draw(t, "ballot"), some[Instance](t), genValue.Draw(t, "value")}}
	},
	RecordRound:  func(t *rapid.T) Record { return &Round{some[uint64](t)} },
	RecordPinned: func(t *rapid.T) Record { return &Pinned{Pin{genNodeID.Draw(t, "acceptor"), some[StoreID](t)}} },
}

// examples are a few messages of each type, the same every time.
func examples() (all []Message) {
	for typ := TypeOpen; typ < messageTypes; typ++ {
		g := rapid.Custom(messages[typ])
		for seed := range 4 {
			all = append(all, g.Example(seed))
		}
	}
	return all
}
