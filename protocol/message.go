package protocol

// Message is anything that one process tells others. Decoded messages alias
// the datagram they came in, which nobody reuses.
type Message interface {
	// Type is the message's code on the wire.
	Type() MessageType
	// appendBody appends the message's fields, decodeBody reads them back.
	appendBody(b []byte) []byte
	decodeBody(r *reader)
	// valid reports whether the fields make sense; what fails is dropped as malformed.
	valid() bool
}

// Peer is a process by its part and its id; the zero Peer means "everybody".
type Peer struct {
	Role Role
	ID   NodeID
}

// Sender is who a message came from, and on whose store it stands (0: none).
type Sender struct {
	Peer
	Store StoreID
}

// Open asks for a session. The nonce recognises the answer, and makes a
// repeated Open harmless as long as the session lives.
type Open struct{ Nonce Nonce }

// Opened answers Open: the session's id.
type Opened struct {
	Nonce   Nonce
	Session SessionID
}

// Submit hands a run of commands to the proposers.
type Submit struct{ Run Run }

// Acks tells clients what was applied, for several sessions at once.
type Acks struct{ Acks []Ack }

// Ack says that the commands of a session up to Through were applied.
type Ack struct {
	Session SessionID
	Through Seq
}

// Expired tells a client that the list does not know its session (any more):
// the outcome of its unacknowledged commands is unknown.
type Expired struct{ Session SessionID }

// Canvass asks the acceptors whether they would follow a new leader. It
// promises nothing and changes nothing: a proposer asks before it disturbs.
type Canvass struct{ Round uint64 }

// Support answers Canvass. Granted is false while the acceptor hears a leader.
// Promised lets the candidate choose a round that is high enough.
type Support struct {
	Round    uint64
	Granted  bool
	Promised Ballot
}

// Prepare is phase 1a for all instances from From on. The same message with a
// Target asks one acceptor for the page of its promise that starts at From.
type Prepare struct {
	Ballot Ballot
	From   Instance
	Target NodeID // 0: all acceptors
	Pins   []Pin
}

// Promise is phase 1b, one page of it: the votes that the acceptor holds in
// instances From to Next-1 (all the rest when Next is 0), in ascending order.
// Every instance up to Trim is decided and its vote forgotten (rules 5 and 6).
type Promise struct {
	Ballot Ballot
	From   Instance
	Next   Instance
	Trim   Instance
	Votes  []Vote
	Pins   []Pin
}

// Refuse tells a proposer that a higher ballot was promised.
type Refuse struct {
	Ballot   Ballot // the refused one
	Promised Ballot
}

// Accept is phase 2a. Learners hear it too, so that Accepted need not repeat
// the value. Mark is the leader's news of what was decided before.
type Accept struct {
	Ballot   Ballot
	Instance Instance
	Mark     Mark
	Value    Value
}

// Accepted is phase 2b for all instances of one group commit.
type Accepted struct {
	Ballot Ballot
	Spans  []Span
}

// Heartbeat is the leader's sign of life. Every instance up to Decided is
// decided; Mark says by which ballot's values, as far as this leader proposed
// them. Round numbers the rounds that confirm a leadership (rule 12). Full says
// that an acceptor's disk is nearly full: commands should be refused.
type Heartbeat struct {
	Ballot  Ballot
	Decided Instance
	Round   uint64
	Full    bool
	Mark    Mark
	Pins    []Pin
}

// HeartbeatAck tells the leader that an acceptor hears it: the Heartbeat of
// this Round, and that it has promised no higher ballot. It also tells how many
// bytes may be under way to that acceptor at once (its granted socket buffer),
// up to which instance the acceptor's process has applied what was decided and
// has it in its durable checkpoint (Trim), and whether its disk is nearly full.
type HeartbeatAck struct {
	Ballot  Ballot
	Round   uint64
	Window  uint32
	Low     bool
	Applied Instance
	Trim    Instance
}

// Read asks the leader where a linearizable read that began before must stand
// (rule 12). The ID is the asker's, to recognise the answer.
type Read struct{ ID uint64 }

// ReadAt answers Read: who has applied Instance, and all before it, sees every
// command that was acknowledged to anybody before the Read was sent.
type ReadAt struct {
	Target   Peer
	ID       uint64
	Instance Instance
}

// Yield says that the owner of Ballot gives its leadership up. Target shall
// stand at once; where that is 0, anybody may.
type Yield struct {
	Ballot Ballot
	Target NodeID
}

// Reconfigure hands a change of the membership to the proposers. Whoever wants
// it repeats it until a change of that epoch is applied.
type Reconfigure struct{ Change Change }

// Ask asks Target for the decided values of a span.
type Ask struct {
	Target Peer
	Span   Span
}

// Decided is a decided list: what the sender knows to be chosen. Applied is
// the sender's highest applied instance.
type Decided struct {
	Applied   Instance
	Decisions []Decision
}

// Trimmed answers whoever asks for, or proposes, an instance that the sender
// has forgotten: every instance up to Trim is decided and can be had as a
// snapshot only.
type Trimmed struct {
	Trim    Instance
	Applied Instance
}

// BlobKind says what Fetch and Piece carry.
type BlobKind uint8

// The kinds of blobs. A head is a list's state without its chunks; its number
// is the applied instance that it stands for (0 asks for the newest). A
// chunk's number is its place in the list, from 0.
const (
	BlobHead BlobKind = iota + 1
	BlobChunk
)

// Fetch asks Target for the bytes Offset to Offset+Length-1 of a blob.
type Fetch struct {
	Target Peer
	Kind   BlobKind
	Number uint64
	Offset uint32
	Length uint32
}

// Piece is a part of a blob. Total is the blob's length in bytes, Sum its
// CRC-32C. A Piece with Total 0 says that the sender does not have the blob.
type Piece struct {
	Kind   BlobKind
	Number uint64
	Total  uint32
	Sum    uint32
	Offset uint32
	Data   []byte
}

// Stranger tells an acceptor that its votes are pinned to another store: it
// was wiped, copied or swapped, and must stop (rule 10). Only a proposer that
// holds a majority's promises, and with them their pins, sends it.
type Stranger struct {
	Acceptor NodeID
	Store    StoreID // the store that does not count
	Pinned   StoreID // the store that does
}

// MessageType is a message's code on the wire. Codes are never reused.
type MessageType uint8

// The message types.
const (
	TypeOpen MessageType = iota + 1
	TypeOpened
	TypeSubmit
	TypeAcks
	TypeExpired
	TypeCanvass
	TypeSupport
	TypePrepare
	TypePromise
	TypeRefuse
	TypeAccept
	TypeAccepted
	TypeHeartbeat
	TypeHeartbeatAck
	TypeAsk
	TypeDecided
	TypeTrimmed
	TypeFetch
	TypePiece
	TypeStranger
	TypeRead
	TypeReadAt
	TypeYield
	TypeReconfigure
	messageTypes // one past the last
)

var messageNames = [messageTypes]string{
	"", "open", "opened", "submit", "acks", "expired", "canvass", "support", "prepare", "promise", "refuse",
	"accept", "accepted", "heartbeat", "heartbeat-ack", "ask", "decided", "trimmed", "fetch", "piece", "stranger",
	"read", "read-at", "yield", "reconfigure",
}

func (t MessageType) String() string {
	if t < messageTypes {
		return messageNames[t]
	}
	return "unknown"
}

// emptyMessages make an empty message of each type.
var emptyMessages = [messageTypes]func() Message{
	TypeOpen:         func() Message { return new(Open) },
	TypeOpened:       func() Message { return new(Opened) },
	TypeSubmit:       func() Message { return new(Submit) },
	TypeAcks:         func() Message { return new(Acks) },
	TypeExpired:      func() Message { return new(Expired) },
	TypeCanvass:      func() Message { return new(Canvass) },
	TypeSupport:      func() Message { return new(Support) },
	TypePrepare:      func() Message { return new(Prepare) },
	TypePromise:      func() Message { return new(Promise) },
	TypeRefuse:       func() Message { return new(Refuse) },
	TypeAccept:       func() Message { return new(Accept) },
	TypeAccepted:     func() Message { return new(Accepted) },
	TypeHeartbeat:    func() Message { return new(Heartbeat) },
	TypeHeartbeatAck: func() Message { return new(HeartbeatAck) },
	TypeAsk:          func() Message { return new(Ask) },
	TypeDecided:      func() Message { return new(Decided) },
	TypeTrimmed:      func() Message { return new(Trimmed) },
	TypeFetch:        func() Message { return new(Fetch) },
	TypePiece:        func() Message { return new(Piece) },
	TypeStranger:     func() Message { return new(Stranger) },
	TypeRead:         func() Message { return new(Read) },
	TypeReadAt:       func() Message { return new(ReadAt) },
	TypeYield:        func() Message { return new(Yield) },
	TypeReconfigure:  func() Message { return new(Reconfigure) },
}

// newMessage returns an empty message of type t, nil for unknown types.
func newMessage(t MessageType) Message {
	if t >= messageTypes || emptyMessages[t] == nil {
		return nil
	}
	return emptyMessages[t]()
}
