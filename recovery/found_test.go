package recovery

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

const newCluster protocol.ClusterID = 8

// found begins a new cluster with some folders, and returns the plan and the folder
// of its store.
func found(t *testing.T, adopt bool, dirs ...string) (p *Plan, dir string) {
	t.Helper()
	return foundAt(t, "127.0.0.1:9", adopt, dirs...)
}

// foundAt is found with the address of its server.
func foundAt(t *testing.T, address string, adopt bool, dirs ...string) (p *Plan, dir string) {
	t.Helper()
	left := Survivors{DropVotes: !adopt}
	for _, d := range dirs {
		f := take(t, d)
		defer f.Close()
		left.Folders = append(left.Folders, f)
	}
	p = &Plan{Loud: true}
	must(t, left.Look(p))
	defer left.Close()
	store, folder := left.Best()
	n := Foundation{Folder: folder, Address: address, Cluster: newCluster, Name: "second", Source: store, Now: time.UnixMilli(1)}
	must(t, n.Plan(t.Context(), p, left.Votes()))
	must(t, p.Do(context.Background(), func(string, ...any) {}))
	return p, folder.dir
}

// mustBegin holds a folder to what the first member of a new cluster may have.
func mustBegin(t *testing.T, dir string, applied protocol.Instance) {
	t.Helper()
	want := storage.Identity{Cluster: newCluster, Role: protocol.RoleServer, ID: 1}
	s, r, err := open(dir, want, false)
	must(t, err)
	defer s.Close(nil)
	if !r.Promised.IsZero() || len(r.Votes)+len(r.Pins) != 0 || r.Round != 0 || r.Applied != applied {
		t.Errorf("promise %s, round %d, %d votes, %d pins, applied %s; want applied %s and nothing else",
			r.Promised, r.Round, len(r.Votes), len(r.Pins), r.Applied, applied)
	}
	state, err := list.RestoreState(r.Head, list.Options{})
	must(t, err)
	m := state.Members()
	if len(m.Voters) != 1 || m.Voters[0] != (protocol.Member{ID: 1, Address: "127.0.0.1:9"}) || m.Changing() || len(m.Learners) != 0 {
		t.Errorf("members %+v", m)
	}
	if last, ok := state.Session(1); !ok || uint64(last) != state.Length() {
		t.Errorf("the session is at %d of %d entries, known %v", last, state.Length(), ok)
	}
}

func (p *Plan) text() string {
	var b strings.Builder
	_ = p.WriteText(&b)
	return b.String()
}

func TestANewClusterHasTheListAndTheVotesAboveItWithoutAGap(t *testing.T) {
	for _, c := range []struct {
		adopt   bool
		votes   []protocol.Instance
		applied protocol.Instance
		lost    string
	}{
		{true, nil, 12, ""},
		{true, []protocol.Instance{13, 14, 15}, 15, ""},
		{true, []protocol.Instance{13, 14, 16, 17}, 14, "the votes on 2 instances behind instance 15"},
		{true, []protocol.Instance{14}, 12, "the votes on 1 instances behind instance 13"},
		{false, []protocol.Instance{13, 14}, 12, "the votes on 2 instances from 13 on"},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			dir := t.TempDir()
			var votes []protocol.Vote
			for _, i := range c.votes {
				votes = append(votes, vote(3, i))
			}
			makeStore(t, dir, 2, 12, votes...)
			p, where := found(t, c.adopt, dir)
			mustBegin(t, where, c.applied)
			mustHave(t, where, int(c.applied-1)*100)
			if got := strings.Join(p.Lost, "\n"); c.lost == "" && got != "" || !strings.Contains(got, c.lost) {
				t.Errorf("lost: %q, want %q", got, c.lost)
			}
		})
	}
}

// Of two survivors one has the longer list, the other one the votes.
func TestSurvivorsAreTakenTogether(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	other := vote(2, 15)
	other.Value = protocol.Value(nil).AppendOpen(protocol.Nonce{9})
	lower := vote(3, 14)
	lower.Value = nil
	makeStore(t, a, 1, 11, vote(3, 12), vote(3, 13), lower, vote(5, 15))
	makeStore(t, b, 2, 13, vote(4, 14), other)
	p, where := found(t, true, a, b)
	if where != b {
		t.Errorf("the new store is in %s, want %s, which knows most", where, b)
	}
	mustBegin(t, where, 15)
	mustHave(t, where, 1400) // the votes of ballots 4 and 5, not those of 3 and 2
	if text := p.text(); !strings.Contains(text, filepath.Base(b)+" knows most") {
		t.Errorf("%s", text)
	}
	if id, err := storage.ReadIdentity(a); err != nil || id.Cluster != oldCluster {
		t.Errorf("the other folder was changed: %s, %v", id, err)
	}
}

func TestWhatDoesNotFitTogetherIsRefused(t *testing.T) {
	a, b, c := t.TempDir(), t.TempDir(), t.TempDir()
	makeStore(t, a, 1, 5)
	makeStore(t, b, 1, 6)
	if _, err := lookAt(t, a, b); err == nil || !strings.Contains(err.Error(), "both stores of server 1") {
		t.Errorf("a server twice: %v", err)
	}
	s, _, err := storage.Open(storage.Options{Dir: c, Want: storage.Identity{Cluster: 99, Role: protocol.RoleServer, ID: 3}, Init: true, SegmentBytes: 64 << 10})
	must(t, err)
	must(t, s.Close(nil))
	if _, err := lookAt(t, a, c); err == nil {
		t.Error("stores of two clusters were taken")
	}
	source, err := OpenStopped(a)
	must(t, err)
	defer source.Close()
	n := Foundation{Folder: take(t, t.TempDir()), Address: "x:1", Cluster: oldCluster, Source: source}
	if err := n.Plan(t.Context(), &Plan{}, nil); err == nil || !strings.Contains(err.Error(), "another name") {
		t.Errorf("a new cluster under the old identity: %v", err)
	}
}

// lookAt looks at folders as new-cluster does.
func lookAt(t *testing.T, dirs ...string) (*Plan, error) {
	t.Helper()
	var left Survivors
	for _, d := range dirs {
		f, err := Take(d)
		must(t, err)
		defer f.Close()
		left.Folders = append(left.Folders, f)
	}
	p := &Plan{}
	err := left.Look(p)
	if err == nil {
		must(t, left.Close())
	}
	return p, err
}

// Two clusters got one name, one after the other: the folders have other lists.
func TestSurvivorsWhoseListsContradictAreRefused(t *testing.T) {
	others := func(i protocol.Instance) protocol.Value {
		if i == 1 {
			return valueOf(i)
		}
		run := protocol.Run{Session: 1, First: protocol.Seq((i-2)*128 + 1)}
		for n := range 128 {
			run.Count++
			run.Block = protocol.AppendPayload(run.Block, fmt.Appendf(nil, "\"other %d\"", n))
		}
		return protocol.Value(nil).AppendRun(run)
	}
	for what, applied := range map[string]protocol.Instance{"an entry of the tail": 12, "an entry of the last chunk": 9, "a longer one that knows less": 11} {
		a, b := t.TempDir(), t.TempDir()
		makeStore(t, a, 1, map[bool]protocol.Instance{true: 11, false: 20}[applied == 11])
		makeStoreOf(t, b, 2, applied, others, nil)
		if _, err := lookAt(t, a, b); !errors.Is(err, storage.ErrForeign) || !strings.Contains(err.Error(), "contradict") {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := lookAt(t, b); err != nil {
			t.Errorf("%s: one alone: %v", what, err)
		}
	}
}

func TestSurvivorsWhosePinsContradictAreRefused(t *testing.T) {
	for what, pin := range map[string]protocol.Pin{"of a third one": {Acceptor: 3, Store: 34}, "of the other one": {Acceptor: 1, Store: 11}} {
		a, b := t.TempDir(), t.TempDir()
		makeStore(t, a, 1, 5)
		makeStoreOf(t, b, 2, 5, valueOf, []protocol.Pin{pin})
		for _, dirs := range [][]string{{a, b}, {b, a}} {
			if _, err := lookAt(t, dirs...); !errors.Is(err, storage.ErrForeign) {
				t.Errorf("a pin %s: %v", what, err)
			}
		}
	}
	a, b, c := t.TempDir(), t.TempDir(), t.TempDir()
	makeStore(t, a, 1, 5)
	makeStore(t, b, 2, 5)
	s, _, err := open(b, identity(2), false)
	must(t, err)
	var batch storage.Batch
	batch.Add(&protocol.Pinned{Pin: protocol.Pin{Acceptor: 1, Store: 11}})
	must(t, s.Commit(&batch))
	must(t, s.Close(nil))
	if _, err := lookAt(t, a, b); !errors.Is(err, storage.ErrForeign) {
		t.Errorf("a pin in the log: %v", err)
	}
	own := makeStore(t, c, 4, 5)
	d := t.TempDir()
	makeStoreOf(t, d, 2, 5, valueOf, []protocol.Pin{{Acceptor: 4, Store: own.Store}})
	if _, err := lookAt(t, c, d); err != nil {
		t.Errorf("pins that are right: %v", err)
	}
}

func TestADamagedLogOfASurvivorIsALoss(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 2, 12, vote(3, 13), vote(3, 14), vote(3, 15))
	damage(t, dir)
	p, err := lookAt(t, dir)
	must(t, err)
	if got := strings.Join(p.Lost, "\n"); !strings.Contains(got, "votes of server 2") {
		t.Errorf("lost: %q", got)
	}
}

// The checkpoint may be older than a change of the members that stands in the votes.
func TestAMajorityOfTheVotersThatTheVotesShowIsThere(t *testing.T) {
	dir := t.TempDir()
	votes := []protocol.Vote{{Ballot: ballot(3), Instance: 6, Value: protocol.Value(nil).AppendChange(&protocol.Change{
		Voters: []protocol.Member{member(1), member(4), member(5)}, Next: 6})}}
	for i := protocol.Instance(7); i < 6+protocol.Alpha+5; i++ {
		votes = append(votes, protocol.Vote{Ballot: ballot(3), Instance: i})
	}
	makeStore(t, dir, 1, 5, votes...)
	p := &Plan{}
	left := Survivors{Folders: []*Folder{take(t, dir)}}
	must(t, left.Look(p))
	defer left.Close()
	for listening, want := range map[int]bool{4: true, 5: true, 2: true, 9: false} {
		there, majority, err := left.StillThere(func(a string) bool { return a == member(listening).Address })
		if err != nil || majority != want {
			t.Errorf("with server %d: %v, a majority: %v, want %v; %v", listening, there, majority, want, err)
		}
	}
	found := strings.Join(p.Found, "\n")
	for _, want := range []string{"2 at 127.0.0.1:2, 3 at 127.0.0.1:3", "4 at 127.0.0.1:4, 5 at 127.0.0.1:5"} {
		if !strings.Contains(found, want) {
			t.Errorf("%q is not in\n%s", want, found)
		}
	}
}

func TestAClusterIsLostOnlyWithoutAMajority(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 1, 5)
	left := Survivors{Folders: []*Folder{take(t, dir)}}
	must(t, left.Look(&Plan{}))
	defer left.Close()
	for listening, want := range map[string]bool{"": false, "127.0.0.1:2": true, "127.0.0.1:1": false} {
		there, majority, err := left.StillThere(func(address string) bool { return address == listening })
		if err != nil || majority != want {
			t.Errorf("with somebody at %q: %v, a majority: %v, want %v; %v", listening, there, majority, want, err)
		}
	}
}
