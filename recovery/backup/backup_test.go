package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// grown is a list of so many entries, with a session that appended them, and the
// chunks that left its memory: all but the last two.
func grown(t testing.TB, entries int) (*list.State, chunkMap) {
	t.Helper()
	voters := []protocol.Member{{ID: 1, Address: "n1:5000"}, {ID: 2, Address: "n2:5000"}, {ID: 3, Address: "n3:5000"}}
	s := list.New(list.Options{Members: list.FirstMembers(voters)})
	var e protocol.Effects
	s.Apply(1, protocol.Value(nil).AppendOpen(protocol.Nonce{7}), &e)
	for n := 0; n < entries; {
		run := protocol.Run{Session: e.Opened[0].Session, First: protocol.Seq(n + 1)}
		for ; n < entries && run.Count < 100; n++ {
			run.Count++
			run.Block = protocol.AppendPayload(run.Block, fmt.Appendf(nil, `"value %d"`, n))
		}
		s.Apply(s.Applied()+1, protocol.Value(nil).AppendRun(run), &protocol.Effects{})
	}
	durable := chunkMap{}
	closed := s.TakeClosed()
	for _, c := range closed[:max(len(closed)-2, 0)] {
		durable[c.Number] = list.EncodeChunk(nil, c.Raw)
	}
	s.Checkpointed(uint64(len(durable)))
	return s, durable
}

type chunkMap map[uint64][]byte

func (m chunkMap) Chunk(n uint64) ([]byte, error) {
	if m[n] == nil {
		return nil, fmt.Errorf("chunk %d is not here", n)
	}
	return m[n], nil
}

func made(t testing.TB, entries int) []byte {
	t.Helper()
	s, durable := grown(t, entries)
	var out bytes.Buffer
	_, err := Write(&out, protocol.RoleServer, 77, time.UnixMilli(1_700_000_000_123), Of(s.AppendHead(nil), s.View(), durable), nil)
	must(t, err)
	return out.Bytes()
}

func TestABackupIsTheWholeListOfItsMoment(t *testing.T) {
	roles := map[int]protocol.Role{0: protocol.RoleServer, 1: protocol.RoleAcceptor, 1023: protocol.RoleLearner, 1024: protocol.RoleServer, 5000: protocol.RoleAcceptor}
	for entries, role := range roles {
		s, durable := grown(t, entries)
		var out bytes.Buffer
		h, err := Write(&out, role, 77, time.UnixMilli(1_700_000_000_123), Of(s.AppendHead(nil), s.View(), durable), nil)
		must(t, err)
		want := Header{Role: role, Cluster: 77, Applied: s.Applied(), Length: uint64(entries), Chunks: uint64(entries / 1024), Made: time.UnixMilli(1_700_000_000_123)}
		if h != want {
			t.Errorf("wrote %+v, want %+v", h, want)
		}
		r, err := NewReader(&out)
		must(t, err)
		if r.Header() != want || !bytes.Equal(r.Head(), s.AppendHead(nil)) {
			t.Errorf("read %+v, want %+v; or another head", r.Header(), want)
		}
		back := chunkMap{}
		for n := uint64(0); ; n++ {
			data, err := r.Next()
			if err == io.EOF {
				break
			}
			must(t, err)
			back[n] = bytes.Clone(data)
		}
		must(t, r.End())
		restored, err := list.RestoreState(r.Head(), list.Options{})
		must(t, err)
		n := 0
		must(t, restored.View().Read(0, back, func(first uint64, _ int, block []byte) error {
			for index, payload := range list.Entries(first, block) {
				if string(payload) != fmt.Sprintf(`"value %d"`, index) {
					t.Errorf("entry %d is %s", index, payload)
				}
				n++
			}
			return nil
		}))
		if n != entries {
			t.Errorf("%d entries came back of %d", n, entries)
		}
	}
}

func TestAnyFlippedBitIsFoundAndAnyCut(t *testing.T) {
	for what, file := range map[string][]byte{"list": made(t, 2500), "image": madeImage(t, 2500, 1500)} {
		t.Run(what, func(t *testing.T) { anyFlippedBitIsFoundAndAnyCut(t, file) })
	}
}

func anyFlippedBitIsFoundAndAnyCut(t *testing.T, file []byte) {
	if _, err := Verify(bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	check := func(what string, damaged []byte) {
		t.Helper()
		if _, err := Verify(bytes.NewReader(damaged)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "offset") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range len(file) {
		if i > 300 && i < len(file)-300 && random.IntN(50) > 0 {
			continue
		}
		damaged := bytes.Clone(file)
		damaged[i] ^= 1 << random.IntN(8)
		check(fmt.Sprintf("a bit of byte %d of %d", i, len(file)), damaged)
		check(fmt.Sprintf("cut to %d of %d", i, len(file)), file[:i])
	}
	check("one byte more", append(bytes.Clone(file), 0))
	check("another backup behind it", append(bytes.Clone(file), file...))
}

func TestFramesOfTwoBackupsDoNotMix(t *testing.T) {
	framesOfTwoBackupsDoNotMix(t, made(t, 3000), made(t, 3100))
	framesOfTwoBackupsDoNotMix(t, madeImage(t, 3000, 1500), madeImage(t, 3100, 1501))
}

func framesOfTwoBackupsDoNotMix(t *testing.T, a, b []byte) {
	t.Helper()
	for cut := headerBytes; cut < min(len(a), len(b)); cut += 97 {
		if _, err := Verify(bytes.NewReader(append(bytes.Clone(a[:cut]), b[cut:]...))); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
}

// Changed with its checksums, which are no secret: the SHA-256 at the end tells a
// file from another one with the same.
func TestAChangedHeaderIsFoundByTheEnd(t *testing.T) {
	file := made(t, 1500)
	file[16]++ // the cluster
	mendSums(file, false)
	if _, err := Verify(bytes.NewReader(file)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("%v", err)
	}
	mendSums(file, true)
	if h, err := Verify(bytes.NewReader(file)); err != nil || h.Cluster != 78 {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestWhatCannotBeReadOrWrittenIsNoDamage(t *testing.T) {
	boom := errors.New("boom")
	if _, err := Verify(io.MultiReader(bytes.NewReader(made(t, 10)[:80]), failing{boom})); !errors.Is(err, boom) || errors.Is(err, ErrCorrupt) {
		t.Errorf("a disk that fails: %v", err)
	}
	s, durable := grown(t, 3000)
	if _, err := Write(failing{boom}, protocol.RoleServer, 1, time.Now(), Of(s.AppendHead(nil), s.View(), durable), nil); !errors.Is(err, boom) {
		t.Errorf("a disk that fails: %v", err)
	}
	s, _ = grown(t, 5000)
	if _, err := Write(io.Discard, protocol.RoleServer, 1, time.Now(), Of(s.AppendHead(nil), s.View(), failing{boom}), nil); !errors.Is(err, boom) {
		t.Errorf("a store that fails: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)     { return 0, f.err }
func (f failing) Write([]byte) (int, error)    { return 0, f.err }
func (f failing) Chunk(uint64) ([]byte, error) { return nil, f.err }

// FuzzVerify: whatever the bytes are, they are the backup of a list, or refused;
// and what is read is what Write makes of it.
func FuzzVerify(f *testing.F) {
	for _, entries := range []int{0, 3, 1024, 1500} {
		f.Add(made(f, entries), false)
	}
	f.Add(madeImage(f, 1500, 1100), false)
	f.Add(madeImage(f, 10, 5000), true)
	f.Add([]byte(magic), true)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, file []byte, mend bool) {
		if mend {
			mendSums(file, true)
		}
		r, err := NewReader(bytes.NewReader(file))
		if err != nil {
			mustBeCorrupt(t, err)
			return
		}
		back := imaged{stored: stored{r.Head(), chunkMap{}}, image: r.Header().Image}
		for err == nil {
			var p storage.Piece
			if p, err = r.NextPiece(); err == nil {
				back.pieces = append(back.pieces, p)
			}
		}
		if err != io.EOF {
			mustBeCorrupt(t, err)
			return
		}
		for n := r.Header().First(); ; n++ {
			data, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				mustBeCorrupt(t, err)
				return
			}
			back.chunkMap[n] = bytes.Clone(data)
		}
		if err := r.End(); err != nil {
			mustBeCorrupt(t, err)
			return
		}
		var again bytes.Buffer
		h, err := Write(&again, r.Header().Role, r.Header().Cluster, r.Header().Made, back, nil)
		must(t, err)
		if h != r.Header() {
			t.Errorf("read %+v, wrote %+v", r.Header(), h)
		}
		if _, err := Verify(&again); err != nil {
			t.Errorf("written again: %v", err)
		}
	})
}

func mustBeCorrupt(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("refused, but not as damaged: %v", err)
	}
}

type stored struct {
	head []byte
	chunkMap
}

func (s stored) Head() []byte { return s.head }
