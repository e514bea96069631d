package protocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"reflect"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

var testSender = Sender{Peer{RoleProposer, 3}, 99}

// sealed puts the right checksum on a datagram made by hand.
func sealed(b []byte) []byte { return appendU32(b, crc32.Checksum(b, Castagnoli)) }

// unsealed is a datagram without its checksum, to be changed.
func unsealed(m Message) []byte {
	b := AppendMessage(nil, testCluster, testSender, m)
	return b[:len(b)-sumSize]
}

func TestRandomMessagesComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, from := genMessage.Draw(t, "message"), genSender.Draw(t, "sender")
		b := AppendMessage([]byte("before"), testCluster, from, m)[len("before"):]
		gotFrom, got, err := DecodeMessage(testCluster, b)
		if err != nil || gotFrom != from || !reflect.DeepEqual(got, m) {
			t.Fatalf("%s: got %+v from %+v (%v), want %+v from %+v", m.Type(), got, gotFrom, err, m, from)
		}
		if peeked, typ, err := Peek(testCluster, b); err != nil || peeked != from || typ != m.Type() {
			t.Fatalf("%s: peeked %s from %+v (%v)", m.Type(), typ, peeked, err)
		}
	})
}

func TestEveryTypeHasANameAndABody(t *testing.T) {
	names := make(map[string]bool)
	for typ := range MessageType(255) {
		m := newMessage(typ)
		if known := typ >= TypeOpen && typ < messageTypes; known != (m != nil) {
			t.Errorf("type %d: message %T", typ, m)
		}
		if m == nil {
			continue
		}
		if m.Type() != typ || names[typ.String()] || messages[typ] == nil {
			t.Errorf("type %d says it is %d, %q", typ, m.Type(), typ)
		}
		names[typ.String()] = true
	}
}

func TestEveryFlippedBitOfADatagramIsFound(t *testing.T) {
	for _, m := range examples() {
		b := AppendMessage(nil, testCluster, testSender, m)
		for i := range len(b) * 8 {
			b[i/8] ^= 1 << (i % 8)
			if _, _, err := DecodeMessage(testCluster, b); err == nil {
				t.Fatalf("%s: bit %d of %d flipped, and taken", m.Type(), i, len(b)*8)
			}
			b[i/8] ^= 1 << (i % 8)
		}
	}
}

// With a right checksum, a flipped bit is found or makes another message that
// has this one encoding.
func TestThereIsOneEncodingForEachMessage(t *testing.T) {
	for _, m := range examples() {
		body := unsealed(m)
		for i := range len(body) * 8 {
			changed := bytes.Clone(body)
			changed[i/8] ^= 1 << (i % 8)
			checkOneEncoding(t, sealed(changed))
		}
	}
}

// No mark is one byte; a mark that says nothing in 37 would be a second encoding.
func TestAnEmptyMarkHasOneEncoding(t *testing.T) {
	r := reader{rest: append([]byte{1}, make([]byte, ballotSize+16)...)}
	if m := r.mark(); !r.failed {
		t.Errorf("taken as %v", m)
	}
	r = reader{rest: []byte{0}}
	if m := r.mark(); r.failed || !m.IsZero() {
		t.Errorf("%v, failed %v; want no mark", m, r.failed)
	}
}

// checkOneEncoding checks that what decodes encodes to the same bytes.
func checkOneEncoding(t *testing.T, b []byte) {
	t.Helper()
	from, m, err := DecodeMessage(testCluster, b)
	if err != nil {
		return
	}
	if again := AppendMessage(nil, testCluster, from, m); !bytes.Equal(again, b) {
		t.Fatalf("%+v was decoded from %x, and encodes to %x", m, b, again)
	}
}

func TestEveryTruncationIsFound(t *testing.T) {
	for _, m := range examples() {
		b := AppendMessage(nil, testCluster, testSender, m)
		for n := range b {
			if _, _, err := DecodeMessage(testCluster, b[:n]); err == nil {
				t.Fatalf("%s: %d of %d bytes were taken", m.Type(), n, len(b))
			}
			if n == len(b)-sumSize {
				continue // the checksum would be put back
			}
			if _, _, err := DecodeMessage(testCluster, sealed(bytes.Clone(b[:n]))); err == nil {
				t.Fatalf("%s: %d of %d bytes, checksum made right, were taken", m.Type(), n, len(b))
			}
		}
	}
}

func TestBytesBehindAMessageAreFound(t *testing.T) {
	for _, m := range examples() {
		if _, _, err := DecodeMessage(testCluster, sealed(append(unsealed(m), 0))); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s with a byte behind it: error %v, want %v", m.Type(), err, ErrMalformed)
		}
	}
}

func TestWhyADatagramIsDropped(t *testing.T) {
	change := func(at int, to byte) []byte {
		b := unsealed(&Canvass{Round: 1})
		b[at] = to
		return sealed(b)
	}
	wrong := change(0, magic0)
	wrong[len(wrong)-1]++
	for name, c := range map[string]struct {
		datagram []byte
		want     error
	}{
		"nothing":              {nil, ErrForeign},
		"three bytes":          {[]byte{magic0, magic1, Version}, ErrForeign},
		"other magic":          {change(0, 'Q'), ErrForeign},
		"other magic, second":  {change(1, 'Q'), ErrForeign},
		"other version":        {change(2, Version+1), ErrVersion},
		"other cluster":        {change(4, 0), ErrCluster},
		"header without body":  {change(0, magic0)[:FrameOverhead-1], ErrTruncated},
		"wrong checksum":       {wrong, ErrChecksum},
		"type 0":               {change(3, 0), ErrMalformed},
		"unknown type":         {change(3, byte(messageTypes)), ErrMalformed},
		"type of another body": {change(3, byte(TypeOpen)), ErrMalformed},
		"role 0":               {change(12, 0), ErrMalformed},
		"unknown role":         {change(12, byte(RoleServer)+1), ErrMalformed},
		"reserved byte":        {change(14, 1), ErrMalformed},
	} {
		if _, _, err := DecodeMessage(testCluster, c.datagram); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}

func TestImpossibleMessagesAreMalformed(t *testing.T) {
	b, v := Ballot{1, 1, 1}, Value{}
	good := Run{1, 1, 1, []byte{0}}
	span := Span{1, 2}
	for name, m := range map[string]Message{
		"opened session 0":         &Opened{},
		"run of session 0":         &Submit{Run{0, 1, 1, []byte{0}}},
		"run from seq 0":           &Submit{Run{1, 0, 1, []byte{0}}},
		"run of no commands":       &Submit{Run{1, 1, 0, nil}},
		"run that wraps":           &Submit{Run{1, 1<<64 - 1, 2, []byte{0, 0}}},
		"run with bytes over":      &Submit{Run{1, 1, 1, []byte{0, 0}}},
		"ack of session 0":         &Acks{[]Ack{{1, 1}, {0, 1}}},
		"expired session 0":        &Expired{},
		"canvass for round 0":      &Canvass{},
		"support for round 0":      &Support{},
		"support, half a ballot":   &Support{1, true, Ballot{0, 1, 1}},
		"prepare without ballot":   &Prepare{Ballot{}, 1, 0, nil},
		"prepare by nobody":        &Prepare{Ballot{1, 0, 1}, 1, 0, nil},
		"prepare from 0":           &Prepare{b, 0, 0, nil},
		"pins out of order":        &Prepare{b, 1, 0, []Pin{{2, 1}, {1, 1}}},
		"pins twice":               &Prepare{b, 1, 0, []Pin{{1, 1}, {1, 1}}},
		"pin of nobody":            &Prepare{b, 1, 0, []Pin{{0, 1}}},
		"pin to no store":          &Prepare{b, 1, 0, []Pin{{1, 0}}},
		"promise from 0":           &Promise{b, 0, 0, 0, nil, nil},
		"promise of an empty page": &Promise{b, 5, 5, 0, nil, nil},
		"vote before its page":     &Promise{b, 5, 0, 0, []Vote{{b, 4, v}}, nil},
		"vote behind its page":     &Promise{b, 5, 7, 0, []Vote{{b, 7, v}}, nil},
		"votes out of order":       &Promise{b, 5, 0, 0, []Vote{{b, 6, v}, {b, 5, v}}, nil},
		"votes twice":              &Promise{b, 5, 0, 0, []Vote{{b, 6, v}, {b, 6, v}}, nil},
		"vote without ballot":      &Promise{b, 5, 0, 0, []Vote{{Ballot{}, 6, v}}, nil},
		"vote for too much":        &Promise{b, 5, 0, 0, []Vote{{b, 6, make(Value, MaxValue+1)}}, nil},
		"refused without ballot":   &Refuse{Ballot{}, b},
		"refused for no ballot":    &Refuse{b, Ballot{}},
		"accept for instance 0":    &Accept{b, 0, Mark{}, v},
		"accept without ballot":    &Accept{Ballot{}, 1, Mark{}, v},
		"accept of garbage":        &Accept{b, 1, Mark{}, Value{9}},
		"accept of too much":       &Accept{b, 1, Mark{}, bigValue(MaxValue + 1)},
		"mark without ballot":      &Accept{b, 1, Mark{Ballot{}, span}, v},
		"mark of no span":          &Accept{b, 1, Mark{b, Span{}}, v},
		"mark backwards":           &Heartbeat{Ballot: b, Decided: 1, Mark: Mark{b, Span{2, 1}}},
		"accepted backwards":       &Accepted{b, []Span{span, {4, 3}}},
		"accepted instance 0":      &Accepted{b, []Span{{0, 3}}},
		"accepted without ballot":  &Accepted{Ballot{}, nil},
		"heartbeat of nobody":      &Heartbeat{Decided: 1},
		"ack of nobody's":          &HeartbeatAck{},
		"ack trimmed, not applied": &HeartbeatAck{Ballot: Ballot{1, 1, 1}, Trim: 2, Applied: 1},
		"read of a role of none":   &ReadAt{Target: Peer{Role: 77, ID: 1}},
		"nobody yields":            &Yield{Target: 1},
		"ask for instance 0":       &Ask{Peer{}, Span{0, 1}},
		"ask backwards":            &Ask{Peer{}, Span{2, 1}},
		"ask half a peer":          &Ask{Peer{RoleLearner, 0}, span},
		"ask a peer of no role":    &Ask{Peer{0, 1}, span},
		"decided instance 0":       &Decided{1, []Decision{{0, v}}},
		"decided garbage":          &Decided{1, []Decision{{1, Value{9}}}},
		"trimmed, not applied":     &Trimmed{2, 1},
		"fetch of no kind":         &Fetch{Kind: 0},
		"fetch of unknown kind":    &Fetch{Kind: BlobChunk + 1},
		"piece of no kind":         &Piece{Kind: 0},
		"piece past its blob":      &Piece{BlobHead, 1, 10, 0, 8, []byte{1, 2, 3}},
		"piece that wraps":         &Piece{BlobHead, 1, 10, 0, 1<<32 - 1, []byte{1, 2, 3}},
		"stranger nobody":          &Stranger{0, 1, 2},
		"stranger that is not":     &Stranger{1, 2, 2},
		"stranger without store":   &Stranger{1, 0, 2},
		"stranger never pinned":    &Stranger{1, 2, 0},
	} {
		if _, _, err := DecodeMessage(testCluster, sealed(unsealed(m))); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: error %v, want %v", name, err, ErrMalformed)
		}
	}
	if _, _, err := DecodeMessage(testCluster, sealed(unsealed(&Submit{good}))); err != nil {
		t.Errorf("the good run: %v", err)
	}
}

// bigValue is a well-formed value of exactly n bytes, n over MaxPayload.
func bigValue(n int) (v Value) {
	for len(v)+17 <= n {
		v = v.AppendOpen(Nonce{})
	}
	for pad := range n {
		if w := (v[:len(v)-17]).AppendRun(Run{1, 1, 1, AppendPayload(nil, make([]byte, pad))}); len(w) == n {
			return w
		}
	}
	return v
}

// Each list says it has more than there are bytes: no room is made for it.
func TestCountsAreCheckedBeforeAnythingIsAllocated(t *testing.T) {
	ballot := appendBallot(nil, Ballot{1, 1, 1})
	zeros := make([]byte, 24)
	for name, c := range map[string]struct {
		typ  MessageType
		body [][]byte // what stands before the count
	}{
		"acks":         {TypeAcks, nil},
		"pins":         {TypePrepare, [][]byte{ballot, zeros[:12]}},
		"votes":        {TypePromise, [][]byte{ballot, zeros, {0}}},
		"spans":        {TypeAccepted, [][]byte{ballot}},
		"decisions":    {TypeDecided, [][]byte{zeros[:8]}},
		"run's block":  {TypeSubmit, [][]byte{{1, 1, 1}}},
		"run's count":  {TypeSubmit, [][]byte{{1, 1}}},
		"piece's data": {TypePiece, [][]byte{{1}, zeros[:20]}},
		"value":        {TypeAccept, [][]byte{{0}, ballot, zeros[:8]}},
	} {
		for _, count := range []uint64{1 << 20, 1<<32 - 1, 1 << 40, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
			b := unsealed(&Canvass{1})[:headerSize]
			b[3] = byte(c.typ)
			b = append(b, bytes.Join(c.body, nil)...)
			b = sealed(append(appendUv(b, count), make([]byte, 100)...))
			if _, _, err := DecodeMessage(testCluster, b); !errors.Is(err, ErrMalformed) {
				t.Errorf("%d %s: error %v, want %v", count, name, err, ErrMalformed)
			}
			if got := bytesAllocated(func() { _, _, _ = DecodeMessage(testCluster, b) }); got > 2<<10 {
				t.Errorf("%d %s: %d bytes allocated", count, name, got)
			}
		}
	}
}

// bytesAllocated is what one call of f allocates, about.
func bytesAllocated(f func()) uint64 {
	const calls = 10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / calls
}

func TestThereIsOneEncodingForEachNumber(t *testing.T) {
	for n, encodings := range map[uint64][][]byte{
		0:       {{0x00}, {0x80, 0x00}, {0x80, 0x80, 0x00}},
		1:       {{0x01}, {0x81, 0x00}},
		127:     {{0x7f}, {0xff, 0x00}},
		128:     {{0x80, 0x01}, {0x80, 0x81, 0x00}},
		1 << 63: {binary.AppendUvarint(nil, 1<<63), {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x03}},
	} {
		for i, e := range encodings {
			r := reader{rest: e}
			if got := r.uvarint(); r.failed != (i > 0) || i == 0 && (got != n || uvarintLen(n) != len(e)) {
				t.Errorf("%x: %d, failed %v", e, got, r.failed)
			}
		}
	}
}

func TestRandomSizesStayWithinTheOverheads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := genMessage.Draw(t, "message")
		most := -1
		switch m := m.(type) {
		case *Accept:
			most = AcceptOverhead + len(m.Value)
		case *Piece:
			most = PieceOverhead + len(m.Data)
		case *Promise:
			most = PageOverhead
			for _, v := range m.Votes {
				most += VoteOverhead + len(v.Value)
			}
		case *Decided:
			most = PageOverhead
			for _, d := range m.Decisions {
				most += DecisionOverhead + len(d.Value)
			}
		}
		if got := len(AppendMessage(nil, testCluster, testSender, m)) - FrameOverhead; most >= 0 && got > most {
			t.Fatalf("%s takes %d bytes, want at most %d", m.Type(), got, most)
		}
	})
}

func TestTheLargestMessagesFitADatagram(t *testing.T) {
	b := Ballot{1<<64 - 1, 1<<32 - 1, 1<<64 - 1}
	v := bigValue(MaxValue)
	last := Instance(1<<64 - 1)
	var pins []Pin
	for n := range NodeID(MaxAcceptors) {
		pins = append(pins, Pin{n + 1<<30, 1<<64 - 1})
	}
	for _, m := range []Message{
		&Accept{b, last, Mark{b, Span{1, last}}, v},
		&Promise{b, 1, last, last, []Vote{{b, 1, v}}, pins},
		&Decided{last, []Decision{{last, v}}},
		&Piece{BlobChunk, 1<<64 - 1, 1<<32 - 1, 1<<32 - 1, 1, make([]byte, MaxValue)},
	} {
		d := AppendMessage(nil, testCluster, testSender, m)
		if _, _, err := DecodeMessage(testCluster, d); err != nil || len(d) > MaxDatagram {
			t.Errorf("%s of %d bytes: %v", m.Type(), len(d), err)
		}
	}
}
