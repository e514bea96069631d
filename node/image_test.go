package node

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"paxos/list"
	"paxos/proposer"
	"paxos/protocol"
	"paxos/storage"
	"paxos/storage/kv"
	"paxos/vfs"
)

func TestATrailerComesBackAndNothingElseIsTakenForOne(t *testing.T) {
	head := []byte("the head of a list, which is longer than a trailer, as all of them are")
	if got := appendTrailer(slices.Clone(head), storage.Images{}); string(got) != string(head) {
		t.Error("a store without images says something of them")
	}
	named := storage.Images{Newest: storage.Image{Index: 5000, Generation: 3, Pieces: 2, Bytes: 300, Sum: 9}, Kept: 4}
	data := appendTrailer(slices.Clone(head), named)
	back, got, found := splitTrailer(data)
	if !found || string(back) != string(head) || got.Image != named.Newest || got.Kept != named.Kept || got.check(4) != nil {
		t.Errorf("came back %q, %+v, %v: %v", back, got, found, got.check(4))
	}
	for i := len(head); i < len(data); i++ {
		damaged := slices.Clone(data)
		damaged[i] ^= 1
		if _, _, found := splitTrailer(damaged); found {
			t.Errorf("damaged at byte %d, and believed", i-len(head))
		}
	}
	for _, wrong := range []trailer{
		{}, {Image: storage.Image{Index: 9, Generation: 1, Pieces: 2, Bytes: 1}},
		{Image: storage.Image{Index: 9, Generation: 1, Pieces: 1, Bytes: list.MaxRawPiece + 1}},
		{Image: storage.Image{Index: 9, Generation: 1 << 31, Pieces: 1, Bytes: 1}},
		{Image: storage.Image{Index: 1023, Generation: 1, Pieces: 1, Bytes: 1}, Kept: 1},
		{Image: storage.Image{Index: 5000, Generation: 1, Pieces: 1, Bytes: 1}, Kept: 4}, // of three
	} {
		if wrong.check(3) == nil {
			t.Errorf("%+v is believed", wrong)
		}
	}
}

// withImage is a donor that has dropped its first chunks.
func withImage(d donor, index, kept uint64) (donor, storage.Image) {
	image := storage.Image{Index: index, Generation: 6, Pieces: 2, Bytes: 20}
	for n := range image.Pieces {
		d.chunks[pieceNumber(image.Generation, n)] = list.EncodePiece(nil, []byte("ten bytes."))
	}
	for n := range kept {
		delete(d.chunks, n)
	}
	d.head = appendTrailer(d.head, storage.Images{Newest: image, Kept: kept})
	return d, image
}

func TestWhereChunksAreDroppedTheImageIsFetchedAndTheChunksBehindIt(t *testing.T) {
	m := newTestMachine(t)
	m.Images = true
	d, image := withImage(newDonor(200, 30), 3*protocol.ChunkEntries+7, 2)
	f, _ := fetchAll(t, m, d)
	if f.image == nil || *f.image != image || f.Checkpoint.ChunkCount != 5 {
		t.Errorf("installs %+v with %d chunks", f.image, f.Checkpoint.ChunkCount)
	}
}

// A peer may say of its image what it likes: what stands for more entries than were decided
// is refused before a piece of it is asked for.
func TestAnImageOfMoreThanWasDecidedIsRefusedBeforeItIsFetched(t *testing.T) {
	const through, length = 200, 199 * 30 // one opens the session
	for _, c := range []struct {
		what    string
		index   uint64
		kept    uint64
		decided protocol.Instance
		taken   bool
	}{
		{"ahead of the head, by what was decided since", length + 100, 2, through + 1, true},
		{"all that one instance can hold", length + protocol.MaxValue, 2, through + 1, true},
		{"an entry more", length + protocol.MaxValue + 1, 2, through + 1, false},
		{"ahead of the head, and nothing was decided since", length + 1, 2, through, false},
		{"the largest index of all, and all is decided", 1<<64 - 1, 2, 1<<64 - 1, false},
		{"no list is so long", storage.MaxImageIndex + 1, 2, 1<<64 - 1, false},
		{"more chunks dropped than the head has", length + 100, length/protocol.ChunkEntries + 1, through + 1, false},
	} {
		m := newTestMachine(t)
		m.Images = true
		d, _ := withImage(newDonor(through, 30), c.index, c.kept)
		m.Step(1, protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}, Store: 9},
			&protocol.Heartbeat{Ballot: protocol.Ballot{Round: 1, Proposer: 1}, Decided: c.decided})
		var refused error
		for now := protocol.Time(1e6); now < protocol.Time(fetchPause); now += 1e6 {
			for _, s := range turn(m, now) {
				d.answer(m, now, s)
			}
			refused = errors.Join(refused, m.TakeUseless())
		}
		if got := m.install.image != nil; got != c.taken || c.taken == (refused != nil) {
			t.Errorf("%s: it is fetched: %v, and refused with %v", c.what, got, refused)
		}
	}
}

// Who was elected hears of no watermark but its own, which is the trim point until it has
// caught up: what its promises report says how far an image may go.
func TestALeaderThatIsBehindTakesAnImageThatIsAheadOfTheHead(t *testing.T) {
	const through, length = 200, 199 * 30
	for _, c := range []struct {
		what  string
		votes protocol.Instance
		taken bool
	}{
		{"an acceptor has voted for an instance behind the head", through + 1, true},
		{"nobody has", through, false},
	} {
		m := newTestMachine(t)
		m.Images = true
		elected := beElected(t, m, through, c.votes)
		d, _ := withImage(newDonor(through, 30), length+100, 2)
		for now := elected; now < elected.Add(time.Second) && m.install.image == nil; now += 1e6 {
			for _, s := range turn(m, now) {
				d.answer(m, now, s)
				if h, ok := s.Msg.(*protocol.Heartbeat); ok {
					m.Step(now, protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}, Store: 9}, h)
				}
			}
		}
		if got := m.install.image != nil; got != c.taken {
			t.Errorf("%s: it is fetched: %v, want %v", c.what, got, c.taken)
		}
	}
}

// beElected gives a machine a proposer, which is elected by its own acceptor and by one that
// has forgotten what is up to trim and voted up to last. It returns when that was.
func beElected(t *testing.T, m *Machine, trim, last protocol.Instance) protocol.Time {
	t.Helper()
	q, err := protocol.QuorumOf(3)
	if err != nil {
		t.Fatal(err)
	}
	m.Proposer = proposer.New(proposer.Config{
		Self: protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}, Store: 9}, Quorum: q, Pins: m.Pins,
	}, proposer.Restored{}, m.List)
	for now := protocol.Time(1e6); now < 1e9; now += 1e6 {
		for _, s := range turn(m, now) {
			var answer protocol.Message
			switch asked := s.Msg.(type) {
			case *protocol.Canvass:
				answer = &protocol.Support{Round: asked.Round, Granted: true}
			case *protocol.Prepare:
				p := &protocol.Promise{Ballot: asked.Ballot, From: asked.From, Trim: trim}
				for i := trim + 1; i <= last; i++ {
					p.Votes = append(p.Votes, protocol.Vote{Ballot: protocol.Ballot{Round: 1, Proposer: 2}, Instance: i, Value: commands(i, 30)})
				}
				answer = p
			case *protocol.Promise: // its own acceptor's
				m.Step(now, acceptorPeer(1), asked)
				continue
			default:
				continue
			}
			m.Step(now, acceptorPeer(2), answer)
		}
		if m.Proposer.Leader() != 0 {
			return now
		}
	}
	t.Fatal("it was not elected")
	return 0
}

func TestAServerThatKeepsTheWholeListTakesNoImage(t *testing.T) {
	m := newTestMachine(t)
	d, _ := withImage(newDonor(200, 30), 3*protocol.ChunkEntries+7, 2)
	m.Step(1, protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleProposer, ID: 1}, Store: 9},
		&protocol.Heartbeat{Ballot: protocol.Ballot{Round: 1, Proposer: 1}, Decided: d.through})
	told := 0
	for now := protocol.Time(1e6); now < protocol.Time(2*uselessPause); now += 1e7 {
		for _, s := range turn(m, now) {
			d.answer(m, now, s)
		}
		if m.install.head != nil {
			t.Fatal("a head whose chunks nobody has is fetched")
		}
		if m.TakeUseless() != nil {
			told++
		}
	}
	if told != 2 { // once each time, and it is not tried all the time
		t.Errorf("in two long pauses it is told %d times", told)
	}
}

func TestAnImageThatIsNotTheOneAnnouncedIsOfNoUse(t *testing.T) {
	store, _, err := storage.Open(storage.Options{
		Dir: "/d", Init: true, FS: vfs.NewMem(1), OpenDB: kv.NewMemory().Open, SegmentBytes: 4096,
		Want: storage.Identity{Cluster: 1, Role: protocol.RoleServer, ID: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorker(store, list.Options{}, newFailure(func() {}), func() {})
	piece := func(n uint32) storage.Piece {
		return storage.Piece{Number: n, Data: list.EncodePiece(nil, []byte("ten bytes."))}
	}
	useless, err := w.takePieces(job{transfer: 1, pieces: []storage.Piece{piece(0), piece(1)}})
	if useless != nil || err != nil {
		t.Fatal(useless, err)
	}
	right := storage.Image{Index: 9, Generation: 1, Pieces: 2, Bytes: 20}
	for sum := range uint64(2) { // it is not that of these pieces
		right.Sum = sum
		if err := w.checkImage(job{transfer: 1, frozen: &Frozen{image: &right}}); err == nil {
			t.Errorf("the sum %d is believed", sum)
		}
	}
	if err := w.checkImage(job{transfer: 2, frozen: &Frozen{image: &right}}); err == nil {
		t.Error("pieces of another transfer are believed")
	}
	bad := piece(2)
	bad.Data[3] ^= 1
	if useless, err := w.takePieces(job{transfer: 1, pieces: []storage.Piece{bad}}); useless == nil || err != nil {
		t.Errorf("a damaged piece: %v, %v", useless, err)
	}
}

// Whoever reads Views finds what was noted of an entry's place.
func TestAPlaceIsToldBeforeTheEntryCanBeSeen(t *testing.T) {
	c := newTestCluster(t, 3)
	var servers []*Server
	c.tune = func(o *Options) {
		id := o.Self.ID
		o.Placed = func(proposals []*Proposal) {
			for _, p := range proposals {
				p.Finish([]uint64{p.Index(), servers[id-1].View().Length()})
			}
		}
	}
	servers = c.startServers()
	for n := range uint64(50) {
		told, err := servers[n%3].Propose(patient(t), []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		if at := told.([]uint64); at[0] != n || at[1] > n {
			t.Errorf("told is %d, want %d, when the list has %d entries already", at[0], n, at[1])
		}
	}
	ctx, cancel := context.WithCancel(patient(t))
	cancel()
	_, err := servers[0].Propose(ctx, make([]byte, 1<<20))
	if !errors.Is(err, context.Canceled) && !errors.Is(err, ErrTooLong) {
		t.Errorf("a command that is too long: %v", err)
	}
}
