package protocol

// The bodies of the messages, one pair of lines a field, in wire order.

func (*Open) Type() MessageType            { return TypeOpen }
func (m *Open) appendBody(b []byte) []byte { return append(b, m.Nonce[:]...) }
func (m *Open) decodeBody(r *reader)       { m.Nonce = r.nonce() }
func (m *Open) valid() bool                { return true }

func (*Opened) Type() MessageType { return TypeOpened }
func (m *Opened) appendBody(b []byte) []byte {
	return appendU64(append(b, m.Nonce[:]...), uint64(m.Session))
}
func (m *Opened) decodeBody(r *reader) { m.Nonce, m.Session = r.nonce(), SessionID(r.u64()) }
func (m *Opened) valid() bool          { return m.Session != 0 }

func (*Submit) Type() MessageType            { return TypeSubmit }
func (m *Submit) appendBody(b []byte) []byte { return appendRun(b, m.Run) }
func (m *Submit) decodeBody(r *reader)       { m.Run = r.run() }
func (m *Submit) valid() bool                { return m.Run.Check() == nil }

func (*Acks) Type() MessageType { return TypeAcks }
func (m *Acks) appendBody(b []byte) []byte {
	b = appendUv(b, uint64(len(m.Acks)))
	for _, a := range m.Acks {
		b = appendUv(b, uint64(a.Session))
		b = appendUv(b, uint64(a.Through))
	}
	return b
}
func (m *Acks) decodeBody(r *reader) {
	m.Acks = readN(r, r.count(2), func() Ack { return Ack{SessionID(r.uvarint()), Seq(r.uvarint())} })
}
func (m *Acks) valid() bool {
	for _, a := range m.Acks {
		if a.Session == 0 {
			return false
		}
	}
	return true
}

func (*Expired) Type() MessageType            { return TypeExpired }
func (m *Expired) appendBody(b []byte) []byte { return appendU64(b, uint64(m.Session)) }
func (m *Expired) decodeBody(r *reader)       { m.Session = SessionID(r.u64()) }
func (m *Expired) valid() bool                { return m.Session != 0 }

func (*Canvass) Type() MessageType            { return TypeCanvass }
func (m *Canvass) appendBody(b []byte) []byte { return appendU64(b, m.Round) }
func (m *Canvass) decodeBody(r *reader)       { m.Round = r.u64() }
func (m *Canvass) valid() bool                { return m.Round > 0 }

func (*Support) Type() MessageType { return TypeSupport }
func (m *Support) appendBody(b []byte) []byte {
	b = appendU64(b, m.Round)
	b = appendBool(b, m.Granted)
	return appendBallot(b, m.Promised)
}
func (m *Support) decodeBody(r *reader) {
	m.Round, m.Granted, m.Promised = r.u64(), r.bool(), r.ballot()
}
func (m *Support) valid() bool { return m.Round > 0 && (m.Promised.IsZero() || m.Promised.Valid()) }

func (*Prepare) Type() MessageType { return TypePrepare }
func (m *Prepare) appendBody(b []byte) []byte {
	b = appendBallot(b, m.Ballot)
	b = appendU64(b, uint64(m.From))
	b = appendU32(b, uint32(m.Target))
	return appendPins(b, m.Pins)
}
func (m *Prepare) decodeBody(r *reader) {
	m.Ballot, m.From, m.Target, m.Pins = r.ballot(), r.instance(), NodeID(r.u32()), r.pins()
}
func (m *Prepare) valid() bool { return m.Ballot.Valid() && m.From > 0 && validPins(m.Pins) }

func (*Promise) Type() MessageType { return TypePromise }
func (m *Promise) appendBody(b []byte) []byte {
	b = appendBallot(b, m.Ballot)
	b = appendU64(b, uint64(m.From))
	b = appendU64(b, uint64(m.Next))
	b = appendU64(b, uint64(m.Trim))
	b = appendPins(b, m.Pins)
	b = appendUv(b, uint64(len(m.Votes)))
	for _, v := range m.Votes {
		b = appendVote(b, v)
	}
	return b
}
func (m *Promise) decodeBody(r *reader) {
	m.Ballot, m.From, m.Next, m.Trim, m.Pins = r.ballot(), r.instance(), r.instance(), r.instance(), r.pins()
	m.Votes = readN(r, r.count(VoteOverhead-2), r.vote)
}

// valid also holds the page to its own borders, in ascending order: rule 5
// rests on it.
func (m *Promise) valid() bool {
	if !m.Ballot.Valid() || m.From == 0 || m.Next != 0 && m.Next <= m.From || !validPins(m.Pins) {
		return false
	}
	last := m.From - 1
	for _, v := range m.Votes {
		if !v.Ballot.Valid() || v.Instance <= last || m.Next != 0 && v.Instance >= m.Next || len(v.Value) > MaxValue {
			return false
		}
		last = v.Instance
	}
	return true
}

func (*Refuse) Type() MessageType { return TypeRefuse }
func (m *Refuse) appendBody(b []byte) []byte {
	return appendBallot(appendBallot(b, m.Ballot), m.Promised)
}
func (m *Refuse) decodeBody(r *reader) { m.Ballot, m.Promised = r.ballot(), r.ballot() }
func (m *Refuse) valid() bool          { return m.Ballot.Valid() && m.Promised.Valid() }

func (*Accept) Type() MessageType { return TypeAccept }
func (m *Accept) appendBody(b []byte) []byte {
	b = appendMark(b, m.Mark)
	return appendVote(b, Vote{m.Ballot, m.Instance, m.Value})
}
func (m *Accept) decodeBody(r *reader) {
	m.Mark = r.mark()
	v := r.vote()
	m.Ballot, m.Instance, m.Value = v.Ballot, v.Instance, v.Value
}
func (m *Accept) valid() bool {
	return m.Ballot.Valid() && m.Instance > 0 && m.Mark.Valid() && m.Value.Check() == nil
}

func (*Accepted) Type() MessageType { return TypeAccepted }
func (m *Accepted) appendBody(b []byte) []byte {
	return appendSpans(appendBallot(b, m.Ballot), m.Spans)
}
func (m *Accepted) decodeBody(r *reader) { m.Ballot, m.Spans = r.ballot(), r.spans() }
func (m *Accepted) valid() bool {
	for _, s := range m.Spans {
		if !s.Valid() {
			return false
		}
	}
	return m.Ballot.Valid()
}

func (*Heartbeat) Type() MessageType { return TypeHeartbeat }
func (m *Heartbeat) appendBody(b []byte) []byte {
	b = appendBallot(b, m.Ballot)
	b = appendU64(b, uint64(m.Decided))
	b = appendU64(b, m.Round)
	b = appendBool(b, m.Full)
	b = appendMark(b, m.Mark)
	return appendPins(b, m.Pins)
}
func (m *Heartbeat) decodeBody(r *reader) {
	m.Ballot, m.Decided, m.Round, m.Full, m.Mark, m.Pins = r.ballot(), r.instance(), r.u64(), r.bool(), r.mark(), r.pins()
}
func (m *Heartbeat) valid() bool { return m.Ballot.Valid() && m.Mark.Valid() && validPins(m.Pins) }

func (*HeartbeatAck) Type() MessageType { return TypeHeartbeatAck }
func (m *HeartbeatAck) appendBody(b []byte) []byte {
	b = appendBallot(b, m.Ballot)
	b = appendU64(b, m.Round)
	b = appendU32(b, m.Window)
	b = appendBool(b, m.Low)
	return appendU64(appendU64(b, uint64(m.Applied)), uint64(m.Trim))
}
func (m *HeartbeatAck) decodeBody(r *reader) {
	m.Ballot, m.Round, m.Window, m.Low, m.Applied, m.Trim = r.ballot(), r.u64(), r.u32(), r.bool(), r.instance(), r.instance()
}
func (m *HeartbeatAck) valid() bool { return m.Ballot.Valid() && m.Trim <= m.Applied }

func (*Read) Type() MessageType            { return TypeRead }
func (m *Read) appendBody(b []byte) []byte { return appendU64(b, m.ID) }
func (m *Read) decodeBody(r *reader)       { m.ID = r.u64() }
func (m *Read) valid() bool                { return true }

func (*ReadAt) Type() MessageType { return TypeReadAt }
func (m *ReadAt) appendBody(b []byte) []byte {
	return appendU64(appendU64(appendPeer(b, m.Target), m.ID), uint64(m.Instance))
}
func (m *ReadAt) decodeBody(r *reader) { m.Target, m.ID, m.Instance = r.peer(), r.u64(), r.instance() }
func (m *ReadAt) valid() bool          { return m.Target.valid() }

func (*Yield) Type() MessageType { return TypeYield }
func (m *Yield) appendBody(b []byte) []byte {
	return appendU32(appendBallot(b, m.Ballot), uint32(m.Target))
}
func (m *Yield) decodeBody(r *reader) { m.Ballot, m.Target = r.ballot(), NodeID(r.u32()) }
func (m *Yield) valid() bool          { return m.Ballot.Valid() }

func (*Reconfigure) Type() MessageType            { return TypeReconfigure }
func (m *Reconfigure) appendBody(b []byte) []byte { return appendChange(b, &m.Change) }
func (m *Reconfigure) decodeBody(r *reader)       { m.Change = *r.change() }
func (m *Reconfigure) valid() bool                { return m.Change.Check() == nil }

func (*Ask) Type() MessageType { return TypeAsk }
func (m *Ask) appendBody(b []byte) []byte {
	b = appendPeer(b, m.Target)
	b = appendU64(b, uint64(m.Span.First))
	return appendU64(b, uint64(m.Span.Last))
}
func (m *Ask) decodeBody(r *reader) { m.Target, m.Span = r.peer(), Span{r.instance(), r.instance()} }
func (m *Ask) valid() bool          { return m.Target.valid() && m.Span.Valid() }

func (*Decided) Type() MessageType { return TypeDecided }
func (m *Decided) appendBody(b []byte) []byte {
	b = appendU64(b, uint64(m.Applied))
	b = appendUv(b, uint64(len(m.Decisions)))
	for _, d := range m.Decisions {
		b = appendU64(b, uint64(d.Instance))
		b = appendBytes(b, d.Value)
	}
	return b
}
func (m *Decided) decodeBody(r *reader) {
	m.Applied = r.instance()
	m.Decisions = readN(r, r.count(DecisionOverhead-2), func() Decision {
		return Decision{r.instance(), Value(r.bytes())}
	})
}
func (m *Decided) valid() bool {
	for _, d := range m.Decisions {
		if d.Instance == 0 || d.Value.Check() != nil {
			return false
		}
	}
	return true
}

func (*Trimmed) Type() MessageType { return TypeTrimmed }
func (m *Trimmed) appendBody(b []byte) []byte {
	return appendU64(appendU64(b, uint64(m.Trim)), uint64(m.Applied))
}
func (m *Trimmed) decodeBody(r *reader) { m.Trim, m.Applied = r.instance(), r.instance() }
func (m *Trimmed) valid() bool          { return m.Applied >= m.Trim }

func (*Fetch) Type() MessageType { return TypeFetch }
func (m *Fetch) appendBody(b []byte) []byte {
	b = appendPeer(b, m.Target)
	b = append(b, byte(m.Kind))
	b = appendU64(b, m.Number)
	return appendU32(appendU32(b, m.Offset), m.Length)
}
func (m *Fetch) decodeBody(r *reader) {
	m.Target, m.Kind, m.Number, m.Offset, m.Length = r.peer(), BlobKind(r.u8()), r.u64(), r.u32(), r.u32()
}
func (m *Fetch) valid() bool { return m.Target.valid() && m.Kind.valid() }

func (*Piece) Type() MessageType { return TypePiece }
func (m *Piece) appendBody(b []byte) []byte {
	b = append(b, byte(m.Kind))
	b = appendU64(b, m.Number)
	b = appendU32(b, m.Total)
	b = appendU32(b, m.Sum)
	b = appendU32(b, m.Offset)
	return appendBytes(b, m.Data)
}
func (m *Piece) decodeBody(r *reader) {
	m.Kind, m.Number, m.Total, m.Sum, m.Offset = BlobKind(r.u8()), r.u64(), r.u32(), r.u32(), r.u32()
	m.Data = r.bytes()
}
func (m *Piece) valid() bool {
	return m.Kind.valid() && uint64(m.Offset)+uint64(len(m.Data)) <= uint64(m.Total)
}

func (*Stranger) Type() MessageType { return TypeStranger }
func (m *Stranger) appendBody(b []byte) []byte {
	b = appendU32(b, uint32(m.Acceptor))
	return appendU64(appendU64(b, uint64(m.Store)), uint64(m.Pinned))
}
func (m *Stranger) decodeBody(r *reader) {
	m.Acceptor, m.Store, m.Pinned = NodeID(r.u32()), StoreID(r.u64()), StoreID(r.u64())
}
func (m *Stranger) valid() bool {
	return m.Acceptor.Valid() && m.Store != 0 && m.Pinned != 0 && m.Store != m.Pinned
}

// Sizes for those who fill datagrams: no message is larger than its overhead
// here plus its elements.
const (
	// VoteOverhead bounds what a vote takes beside its value.
	VoteOverhead = ballotSize + 8 + 3
	// DecisionOverhead bounds what a decision takes beside its value.
	DecisionOverhead = 8 + 3
	// PieceOverhead bounds what a Piece takes beside its data.
	PieceOverhead = 1 + 8 + 4 + 4 + 4 + 5
	// PageOverhead bounds what a Promise or a Decided takes beside its votes or decisions.
	PageOverhead = ballotSize + 8 + 8 + 8 + 3 + PinSize*MaxAcceptors + 5
	// AcceptOverhead bounds what an Accept takes beside its value.
	AcceptOverhead = 1 + ballotSize + 16 + VoteOverhead

	ballotSize = 8 + 4 + 8
)

func (k BlobKind) valid() bool { return k == BlobHead || k == BlobChunk }

// valid reports whether p is a process, or everybody.
func (p Peer) valid() bool { return p == Peer{} || p.Role.Valid() && p.ID.Valid() }

func validPins(pins []Pin) bool {
	for i, p := range pins {
		if !p.Acceptor.Valid() || p.Store == 0 || i > 0 && p.Acceptor <= pins[i-1].Acceptor {
			return false
		}
	}
	return true
}

func appendPeer(b []byte, p Peer) []byte { return appendU32(append(b, byte(p.Role)), uint32(p.ID)) }

func (r *reader) peer() Peer { return Peer{Role(r.u8()), NodeID(r.u32())} }

func appendVote(b []byte, v Vote) []byte {
	b = appendBallot(b, v.Ballot)
	b = appendU64(b, uint64(v.Instance))
	return appendBytes(b, v.Value)
}

func (r *reader) vote() Vote {
	return Vote{Ballot: r.ballot(), Instance: r.instance(), Value: Value(r.bytes())}
}
