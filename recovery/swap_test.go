package recovery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

var errCrash = errors.New("crash")

// newStore makes a store of 200 entries for another number.
func newStore(dir string) error {
	state := newList()
	for i := protocol.Instance(1); i <= 3; i++ {
		state.Apply(i, valueOf(i), &protocol.Effects{})
	}
	_, err := storage.Create(storage.Options{Dir: dir, Want: identity(4), SegmentBytes: 64 << 10}, storage.Contents{
		Applied: state.Applied(), Head: state.AppendHead(nil),
	})
	return err
}

// crashAt ends a work of several steps at one of them.
func crashAt(crash int) func(step string) error {
	steps := 0
	return func(string) error {
		if steps++; steps == crash {
			return errCrash
		}
		return nil
	}
}

// swapUntil swaps the store in a folder for a new one, and ends at a step. It reports
// whether that came: else the swap is done.
func swapUntil(t *testing.T, dir string, crash int) (crashed bool) {
	t.Helper()
	f := take(t, dir)
	f.step = crashAt(crash)
	_, err := f.Swap(time.UnixMilli(1_700_000_000_000), &Plan{}, newStore)
	must(t, f.Close())
	if err != nil && !errors.Is(err, errCrash) {
		t.Fatalf("step %d: %v", crash, err)
	}
	return err != nil
}

// At every step of a swap the process ends. Then there is the old store, whole, or
// the new one, or one that no server starts on, --init or not; and the next run
// brings it to its end. What was there before is kept, whole.
func TestASwapThatIsInterruptedAnywhereIsFinishedByTheNextOne(t *testing.T) {
	for crash := 1; ; crash++ {
		dir := t.TempDir()
		old := makeStore(t, dir, 2, 12, vote(3, 13), vote(3, 14))
		must(t, writeSynced(filepath.Join(dir, "something-else"), []byte("of no store")))
		if !swapUntil(t, dir, crash) {
			if crash < 10 {
				t.Fatalf("a swap has %d steps only", crash)
			}
			checkSwapped(t, dir, old)
			return
		}
		checkBetween(t, crash, dir)
		finish(t, dir)
		checkSwapped(t, dir, old)
	}
}

// checkBetween looks at what a server would find.
func checkBetween(t *testing.T, crash int, dir string) {
	t.Helper()
	id, err := storage.ReadIdentity(dir)
	must(t, err) // the old one or the new one, always
	decided := exists(filepath.Join(dir, workName, planName))
	for _, init := range []bool{false, true} {
		s, r, err := open(dir, identity(id.ID), init)
		switch {
		case decided && id.ID == 2: // what it voted for would be thrown away
			if !errors.Is(err, storage.ErrForeign) {
				t.Errorf("step %d, init %v: the plan stands, and the old store opens: %v", crash, init, err)
			}
			continue
		case err != nil:
			t.Errorf("step %d, init %v: %v", crash, init, err)
			continue
		case id.ID == 2 && (len(r.Votes) != 2 || r.Applied != 12), id.ID == 4 && (len(r.Votes) != 0 || r.Applied != 3):
			t.Errorf("step %d, init %v: the store of %s opens with %+v", crash, init, id, r)
		}
		must(t, s.Close(nil))
	}
}

// In a folder that was empty a server with --init must not begin a store of its own
// once the plan stands: it would be thrown away.
func TestAFolderThatWasEmptyIsNotFormattedWhileARepairIsToBeFinished(t *testing.T) {
	for crash := 1; ; crash++ {
		dir := t.TempDir()
		if !swapUntil(t, dir, crash) {
			return
		}
		decided := exists(filepath.Join(dir, workName, planName))
		s, _, err := open(dir, identity(2), true)
		if decided != errors.Is(err, storage.ErrForeign) {
			t.Errorf("step %d: the plan stands: %v, and a server with --init finds %v", crash, decided, err)
		}
		if err == nil {
			must(t, s.Close(nil))
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// finish is what the next run does.
func finish(t *testing.T, dir string) {
	t.Helper()
	f := take(t, dir)
	defer f.Close()
	unfinished, err := f.Unfinished()
	must(t, err)
	if id, err := storage.ReadIdentity(dir); !unfinished && err == nil && id.ID == 4 {
		return
	}
	if unfinished {
		if _, err := f.Swap(time.Now(), &Plan{}, newStore); err == nil {
			t.Error("another swap began over one that is not finished")
		}
		_, err = f.Finish()
	} else {
		_, err = f.Swap(time.UnixMilli(1_700_000_000_000), &Plan{}, newStore)
	}
	must(t, err)
}

func checkSwapped(t *testing.T, dir string, old storage.Identity) {
	t.Helper()
	s, r, err := open(dir, identity(4), false)
	must(t, err)
	if !r.Promised.IsZero() || len(r.Votes)+len(r.Pins) != 0 || r.Applied != 3 || s.Identity().Store == old.Store {
		t.Errorf("the new store has %+v", r)
	}
	must(t, s.Close(nil))
	mustHave(t, dir, 200)
	kept, err := filepath.Glob(filepath.Join(dir, beforeName+"*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept: %v, %v", kept, err)
	}
	s, r, err = open(kept[0], identity(2), false)
	must(t, err)
	if s.Identity() != old || len(r.Votes) != 2 || r.Applied != 12 {
		t.Errorf("what was there before is %s with %d votes at %s", s.Identity(), len(r.Votes), r.Applied)
	}
	must(t, s.Close(nil))
	if !exists(filepath.Join(dir, "something-else")) {
		t.Error("what is no part of a store was moved: where it cannot be, the swap would never end")
	}
	if _, err := os.Stat(filepath.Join(dir, workName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the work folder: %v", err)
	}
}

func TestAFolderThatIsInUseIsNotTouched(t *testing.T) {
	dir := t.TempDir()
	s, _, err := open(dir, identity(1), true)
	must(t, err)
	defer s.Close(nil)
	if _, err := Take(dir); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("taken: %v", err)
	}
}

// Who finishes a repair is told what the one who allowed it was told, and is not told
// that all is done: it was not what he asked for.
func TestWhoFinishesARepairIsToldWhatItLoses(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 2, 12)
	must(t, writeSynced(filepath.Join(dir, "notes"), nil))
	f := take(t, dir)
	said := &Plan{Title: "a new cluster", Lost: []string{"all that counts"}, Then: []string{"weep"}, Loud: true, Word: "second"}
	must(t, f.planPut(said))
	if text := said.text(); !strings.Contains(text, "left where it is: notes\n") {
		t.Errorf("of files that are no part of a store it says nothing:\n%s", text)
	}
	f.step = func(what string) error {
		if strings.HasPrefix(what, "make "+beforeName) {
			return errCrash
		}
		return nil
	}
	if _, err := f.Swap(time.UnixMilli(1), said, newStore); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	f.step = func(string) error { return nil }
	p, err := FinishPlan(f)
	must(t, err)
	for _, want := range []string{"a new cluster", "!! all that counts", "weep"} {
		if text := p.text(); !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	if !p.Loud || p.Word != "second" {
		t.Errorf("it may be done by accident: %+v", p)
	}
	if err := p.Do(context.Background(), func(string, ...any) {}); !errors.Is(err, ErrEarlier) {
		t.Errorf("finished: %v", err)
	}
	if id, err := storage.ReadIdentity(dir); err != nil || id.ID != 4 {
		t.Errorf("the store is of %s: %v", id, err)
	}
}

// Between the look at a folder that is missing and its lock somebody may make a store.
func TestAStoreThatAppearedMeanwhileIsNotReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	f := take(t, dir)
	old := makeStore(t, dir, 2, 12)
	if _, err := f.Swap(time.UnixMilli(1), &Plan{}, newStore); !errors.Is(err, storage.ErrForeign) {
		t.Errorf("swapped: %v", err)
	}
	if id, err := storage.ReadIdentity(dir); err != nil || id != old {
		t.Errorf("the store is of %s: %v", id, err)
	}
}

// An acceptor's store must not get a number under which another one may have voted (rule 10).
func TestAnAcceptorGetsNoNumberThatWasUsed(t *testing.T) {
	dir := t.TempDir()
	state := newList()
	m := list.FirstMembers([]protocol.Member{member(1), member(2), member(6)}) // 3 and 4 are gone
	m.Learners = []protocol.Member{member(5)}
	state.Refound(m)
	stored := func(role protocol.Role) *Stopped {
		from := t.TempDir()
		want := identity(1)
		want.Role = role
		_, err := storage.Create(storage.Options{Dir: from, Want: want}, storage.Contents{Head: state.AppendHead(nil)})
		must(t, err)
		source, err := OpenStopped(from)
		must(t, err)
		t.Cleanup(func() { source.Close() })
		return source
	}
	sources := map[protocol.Role]*Stopped{protocol.RoleAcceptor: stored(protocol.RoleAcceptor), protocol.RoleServer: stored(protocol.RoleServer)}
	for id, allowed := range map[protocol.NodeID]bool{1: false, 2: false, 3: false, 4: false, 5: true, 6: false, 7: true, 9: true} {
		for role, source := range sources {
			r := Reissue{Folder: take(t, dir), Want: storage.Identity{Cluster: oldCluster, Role: role, ID: id}, Source: source}
			if err := r.Plan(t.Context(), &Plan{}); (err == nil) != allowed || err != nil && !errors.Is(err, storage.ErrForeign) {
				t.Errorf("%s %s: %v", role, id, err)
			}
			must(t, r.Folder.Close())
		}
	}
	makeStore(t, dir, 5, 3)
	r := Reissue{Folder: take(t, dir), Want: identity(5), Source: sources[protocol.RoleServer]}
	if err := r.Plan(t.Context(), &Plan{}); err == nil || !strings.Contains(err.Error(), "has voted") {
		t.Errorf("the number of the store that is there: %v", err)
	}
}

func TestAPlanThatIsNoneIsRefused(t *testing.T) {
	for i, text := range []string{"", "{}", `{"before":"x"}`, `{"before":"before-../../etc"}`} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			f := take(t, t.TempDir())
			must(t, os.MkdirAll(f.path(workName), 0o755))
			must(t, writeSynced(f.path(workName, planName), []byte(text)))
			if _, err := f.Finish(); err == nil {
				t.Errorf("%q was taken for a plan", text)
			}
		})
	}
}
