package recovery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paxos/protocol"
	"paxos/server/listclient"
	"paxos/server/value"
	"paxos/vfs"
)

// fakeTarget is a list with sessions, which fails now and then: before it did
// what it was asked to, or after.
type fakeTarget struct {
	random   *rand.Rand
	list     []string
	sessions map[uint64]*fakeSession
	byNonce  map[[16]byte]uint64
	calls    int
}

type fakeSession struct{ places []uint64 }

var errLost = errors.New("the answer was lost")

func newFakeTarget(seed uint64) *fakeTarget {
	return &fakeTarget{random: rand.New(rand.NewPCG(seed, 1)), sessions: map[uint64]*fakeSession{}, byNonce: map[[16]byte]uint64{}}
}

func (f *fakeTarget) fails() bool { return f.random.IntN(3) == 0 }

func (f *fakeTarget) OpenSession(_ context.Context, nonce [16]byte) (listclient.Session, error) {
	if f.fails() {
		return listclient.Session{}, errLost
	}
	if f.byNonce[nonce] == 0 || f.sessions[f.byNonce[nonce]] == nil {
		f.byNonce[nonce] = uint64(len(f.byNonce)+1)*100 + uint64(f.calls)
		f.sessions[f.byNonce[nonce]] = &fakeSession{}
	}
	if f.fails() {
		return listclient.Session{}, errLost
	}
	return listclient.Session{ID: f.byNonce[nonce], Window: 1024}, nil
}

func (f *fakeTarget) AppendIn(_ context.Context, id, first uint64, values []value.Value) ([]uint64, error) {
	f.calls++
	if f.fails() {
		return nil, errLost
	}
	s := f.sessions[id]
	if s == nil {
		return nil, &listclient.Error{Code: "session_expired", Outcome: listclient.Unknown}
	}
	if first > uint64(len(s.places))+1 {
		return nil, &listclient.Error{Code: "out_of_turn", Outcome: listclient.NotDone}
	}
	f.list = append(f.list, "somebody else's")
	for i, v := range values {
		if seq := first + uint64(i); seq == uint64(len(s.places))+1 {
			s.places = append(s.places, uint64(len(f.list)))
			f.list = append(f.list, v.String())
		}
	}
	if f.fails() {
		return nil, errLost
	}
	if last := first + uint64(len(values)) - 1; last+1024 < uint64(len(s.places)) {
		return nil, &listclient.Error{Code: "forgotten", Outcome: listclient.Done}
	}
	return s.places[first-1:][:len(values)], nil
}

// ours are the entries of the import.
func (f *fakeTarget) ours() (all []string) {
	for _, e := range f.list {
		if e != "somebody else's" {
			all = append(all, e)
		}
	}
	return all
}

// importFile is a file of values of all kinds, some of them as objects, and the
// canonical texts of its values.
func importFile(t *testing.T, count int) (path string, want []string) {
	t.Helper()
	var text strings.Builder
	for n := range count {
		line := [...]string{
			fmt.Sprint(n), "-" + strings.Repeat("9", 1+n%200), `"text ` + fmt.Sprint(n) + `"`, `"ü \ud83d\ude00 \"quoted\" \n"`,
			`{"index":` + fmt.Sprint(n) + `,"value":"` + strings.Repeat("long", n%400) + `"}`, `  "7"  `,
		}[n%6]
		fmt.Fprintln(&text, line)
		v, err := parseLine([]byte(line))
		must(t, err)
		want = append(want, v.String())
	}
	path = filepath.Join(t.TempDir(), "values")
	must(t, os.WriteFile(path, []byte(text.String()), 0o644))
	return path, want
}

func importOnce(path string, target Target) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	j, err := LoadJournal(path+".import", "cluster")
	if err != nil {
		return err
	}
	defer j.Close()
	m := Import{Target: target, In: in, Journal: j}
	return m.Run(context.Background())
}

// It is interrupted at random, and started again, at times with a journal that is
// older than what was done, as a power cut leaves it.
func TestAnImportThatIsInterruptedAppendsEveryValueOnce(t *testing.T) {
	for seed := range uint64(3) {
		path, want := importFile(t, 6000)
		target := newFakeTarget(seed)
		var older []byte
		for try := 0; ; try++ {
			if try > 300 {
				t.Fatal("it does not come to its end")
			}
			err := importOnce(path, target)
			if err == nil {
				break
			}
			if !errors.Is(err, errLost) {
				t.Fatal(err)
			}
			now, err := os.ReadFile(path + ".import")
			must(t, err)
			if older != nil && target.random.IntN(4) == 0 && strings.Contains(string(older), `"session"`) && !strings.Contains(string(older), `"session": 0,`) {
				must(t, os.WriteFile(path+".import", older, 0o644))
			}
			older = now
		}
		must(t, importOnce(path, target)) // once more: nothing is appended
		if got := target.ours(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("seed %d: %d values in the list, want %d; or others", seed, len(got), len(want))
		}
	}
}

func TestAnImportStopsWhereItsSessionIsForgotten(t *testing.T) {
	path, _ := importFile(t, 5000)
	target := newFakeTarget(1)
	for target.calls < 4 {
		_ = importOnce(path, target)
	}
	clear(target.sessions)
	before := len(target.ours())
	var err error
	for err = errLost; errors.Is(err, errLost); {
		err = importOnce(path, target)
	}
	if !errors.Is(err, listclient.ErrExpired) || !strings.Contains(err.Error(), "at index") || len(target.ours()) != before {
		t.Errorf("%d values more; %v", len(target.ours())-before, err)
	}
}

func TestAnImportOfAnotherFileIsRefused(t *testing.T) {
	path, _ := importFile(t, 3000)
	target := newFakeTarget(2)
	for err := errLost; errors.Is(err, errLost); {
		err = importOnce(path, target)
	}
	text, err := os.ReadFile(path)
	must(t, err)
	for what, changed := range map[string]string{
		"another value": strings.Replace(string(text), "text 2", "text 3", 1),
		"cut":           string(text[:len(text)/2]),
	} {
		must(t, os.WriteFile(path, []byte(changed), 0o644))
		if err := importOnce(path, target); err == nil || len(target.ours()) != 3000 {
			t.Errorf("%s: taken, %d values", what, len(target.ours()))
		}
	}
	must(t, os.WriteFile(path, text, 0o644))
	if _, err := LoadJournal(path+".import", "another"); err == nil {
		t.Error("the journal of another cluster was taken")
	}
}

func TestALineThatIsNoValueIsNamed(t *testing.T) {
	for bad, want := range map[string]string{
		"1\n2\n3.5\n": "line 3", "1\n\n2\n": "line 2", `"a"` + "\n{}\n": "line 2", "null\n": "line 1",
		"1\n" + strings.Repeat("9", maxLine+10) + "\n": "line 2", "1 2\n": "line 1",
		`"` + strings.Repeat("x", protocol.MaxPayload) + "\"\n": "line 1",
	} {
		path := filepath.Join(t.TempDir(), "values")
		must(t, os.WriteFile(path, []byte(bad), 0o644))
		var err error
		target := newFakeTarget(3)
		for err = errLost; errors.Is(err, errLost); {
			err = importOnce(path, target)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", bad, err, want)
		}
	}
}

// killingTarget applies what it gets, and then the importer is killed.
type killingTarget struct {
	*fakeTarget
	journal string
	left    []byte // the journal as the kill leaves it
}

func (k *killingTarget) AppendIn(ctx context.Context, id, first uint64, values []value.Value) (places []uint64, err error) {
	if k.left == nil {
		if k.left, err = os.ReadFile(k.journal); err != nil {
			return nil, err
		}
	}
	for err = errLost; errors.Is(err, errLost); {
		places, err = k.fakeTarget.AppendIn(ctx, id, first, values)
	}
	return places, err
}

// The list answers for numbers that it has with their places, whatever is sent under
// them: so what a killed import may have sent must be the same when it goes on.
func TestAFileThatWasChangedAfterAKillIsRefused(t *testing.T) {
	for what, changed := range map[string]string{
		"other values": "10\n20\n30\n40\n", "shorter": "1\n2\n", "the last one": "1\n2\n4\n", "no value": "1\n2\nx\n", "empty": "",
	} {
		path := filepath.Join(t.TempDir(), "values")
		must(t, os.WriteFile(path, []byte("1\n2\n3\n"), 0o644))
		target := &killingTarget{fakeTarget: newFakeTarget(1), journal: path + ".import"}
		imports := func() (err error) {
			for err = errLost; errors.Is(err, errLost); {
				err = importOnce(path, target)
			}
			return err
		}
		must(t, imports())
		must(t, os.WriteFile(path+".import", target.left, 0o644))
		must(t, os.WriteFile(path, []byte(changed), 0o644))
		if err := imports(); err == nil || !strings.Contains(err.Error(), "values 1 to 3") && !strings.Contains(err.Error(), "line 3") {
			t.Errorf("%s: taken, or refused otherwise: %v", what, err)
		}
		must(t, os.WriteFile(path, []byte("1\n2\n3\n4\n"), 0o644)) // one that only grew goes on
		must(t, imports())
		if got := strings.Join(target.ours(), " "); got != "1 2 3 4" {
			t.Errorf("%s: the list has %s", what, got)
		}
	}
}

func TestOneImportAtATimeHasAJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, err := LoadJournal(path, "c")
	must(t, err)
	if _, err := LoadJournal(path, "c"); !errors.Is(err, vfs.ErrLocked) || !strings.Contains(err.Error(), "another import runs") {
		t.Errorf("the second one: %v", err)
	}
	must(t, j.Close())
	again, err := LoadJournal(path, "c")
	must(t, err)
	defer again.Close()
	if again.Nonce != j.Nonce {
		t.Error("another nonce")
	}
}
