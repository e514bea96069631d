package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paxos/internal/servers"
	"paxos/protocol"
	"paxos/server/listclient"
	"paxos/server/value"
	"paxos/storage"
	"paxos/wal"
)

// damageLog flips a byte of a record in the middle of a store's log, with commits
// behind it, and returns the file.
func damageLog(t *testing.T, dir string) (file string) {
	t.Helper()
	records := recordsIn(t, dir)
	return flip(t, dir, records[len(records)/2].At)
}

// tearLog makes the end of a store's log look like that of one that was torn: without
// the marker of its clean close, and with its last batch damaged.
func tearLog(t *testing.T, dir string) {
	t.Helper()
	records := recordsIn(t, dir)
	last := records[len(records)-1].At
	file := flip(t, dir, last)
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	ok(t, err)
	defer f.Close()
	_, err = f.WriteAt(make([]byte, 32), last.Offset+records[len(records)-1].Bytes+32) // the close, behind the batch's marker
	ok(t, err)
}

func recordsIn(t *testing.T, dir string) []wal.Found {
	t.Helper()
	records := recordsSoFar(t, dir)
	if len(records) < enoughRecords {
		t.Fatalf("only %d records in the log in %s", len(records), dir)
	}
	return records
}

// enoughRecords are so many that something stands before and behind the damage.
const enoughRecords = 10

func recordsSoFar(t *testing.T, dir string) (records []wal.Found) {
	t.Helper()
	log := filepath.Join(dir, "log")
	ok(t, wal.Inspect(wal.Options{Dir: log}, wal.Position{}, func(f wal.Found) error {
		if f.Kind == wal.KindRecord {
			records = append(records, f)
		}
		return nil
	}))
	return records
}

// hasVoted waits until a server's log has enough records: others may make a majority,
// and its list may be complete, before its own disk has written them.
func (s serving) hasVoted(server int) {
	s.t.Helper()
	waitOutput(s.t, fmt.Sprintf("server %d to have voted", server), func() bool {
		return len(recordsSoFar(s.t, s.DataDir(server))) >= enoughRecords
	})
}

// flip flips a bit of the record at a place, and returns its file.
func flip(t *testing.T, dir string, at wal.Position) (file string) {
	t.Helper()
	file = wal.SegmentPath(filepath.Join(dir, "log"), at.Segment)
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	ok(t, err)
	defer f.Close()
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at.Offset+9)
	ok(t, err)
	b[0] ^= 4
	_, err = f.WriteAt(b, at.Offset+9)
	ok(t, err)
	return file
}

// appendAll appends numbers from first to last, one by one, each acknowledged.
func (s serving) appendAll(first, last int) {
	s.t.Helper()
	c, err := listclient.New(listclient.Config{Servers: s.Addresses()})
	ok(s.t, err)
	defer c.Close()
	for n := first; n <= last; n++ {
		_, err := c.Append(s.ctx, value.Int(int64(n)))
		ok(s.t, err)
	}
}

// has waits until a server itself has the numbers from 1 to last.
func (s serving) has(server, last int) {
	s.t.Helper()
	waitOutput(s.t, fmt.Sprintf("server %d to have all", server), func() bool {
		code, stdout, _ := call(s.t, "", "list", s.File(), "--server", fmt.Sprint(server), "--local")
		return code == exitOK && stdout == numbersTo(last)
	})
}

// numbersTo is the list of the numbers from 1 to last, as `paxos list` prints it.
func numbersTo(last int) string {
	var b strings.Builder
	for n := 1; n <= last; n++ {
		fmt.Fprintln(&b, n)
	}
	return b.String()
}

func (s serving) members() (m listclient.Membership) {
	s.t.Helper()
	ok(s.t, json.Unmarshal([]byte(s.paxos("member", "list", s.File(), "--json")), &m))
	return m
}

// voting waits until the voters are these, and nobody else is a member.
func (s serving) voting(want ...protocol.NodeID) {
	s.t.Helper()
	waitOutput(s.t, fmt.Sprintf("members %v to vote", want), func() bool {
		code, stdout, _ := call(s.t, "", "member", "list", s.File(), "--json", "--timeout", "5")
		var m listclient.Membership
		if code != exitOK || json.Unmarshal([]byte(stdout), &m) != nil || m.Changing {
			return false
		}
		var voters []protocol.NodeID
		for _, x := range m.Members {
			if x.Voter {
				voters = append(voters, x.ID)
			}
		}
		return len(voters) == len(m.Members) && slices.Equal(voters, want)
	})
}

// refusedToStart starts server i here, which must end with an exit code.
func (s serving) refusedToStart(i, want int) {
	s.t.Helper()
	code, _, stderr := call(s.t, "", "server", "--cluster", s.File(), "--node", s.Address(i), "--data-dir", s.DataDir(i))
	if code != want {
		s.t.Fatalf("server %d: exit code %d, want %d: %s", i, code, want, stderr)
	}
}

// mustNotVote holds a store that was made anew to what it must not have: it was
// made under a new number, and remembers no promise and no vote.
func mustNotVote(t *testing.T, dir string, old storage.Identity) storage.Identity {
	t.Helper()
	id, err := storage.ReadIdentity(dir)
	ok(t, err)
	if id.ID == old.ID && id.Cluster == old.Cluster || id.Store == old.Store {
		t.Errorf("the store was %s, and is %s now: it could vote", old, id)
	}
	store, restored, err := storage.Open(storage.Options{Dir: dir, Want: storage.Identity{Cluster: id.Cluster, Role: id.Role, ID: id.ID}})
	ok(t, err)
	if !restored.Promised.IsZero() || len(restored.Votes)+len(restored.Pins) > 0 || restored.Round != 0 {
		t.Errorf("it remembers promise %s, %d votes, %d pins, round %d", restored.Promised, len(restored.Votes), len(restored.Pins), restored.Round)
	}
	ok(t, store.Close(nil))
	return id
}

func TestADamagedLogIsCutAndTheServerVotesAgainByADecidedChangeOnly(t *testing.T) {
	s := serve(t, servers.Options{})
	ok(t, s.Wait(s.ctx, "server 3 to be in step", func() bool { return s.Ready(s.ctx, 3) }))
	s.appendAll(1, 40)
	s.has(3, 40)
	s.hasVoted(3)
	ok(t, s.Kill(3))
	old, err := storage.ReadIdentity(s.DataDir(3))
	ok(t, err)
	file := damageLog(t, s.DataDir(3))
	s.refusedToStart(3, exitCorrupt)

	code, stdout, stderr := call(t, "", "repair", "cut-tail", s.DataDir(3), "--dry-run")
	if code != exitOK || !strings.Contains(stdout, file) || !strings.Contains(stdout, "at offset") || !strings.Contains(stdout, "loses its vote") {
		t.Errorf("the dry run: exit code %d, %s%s", code, stdout, stderr)
	}
	code, _, stderr = call(t, "", "repair", "cut-tail", s.DataDir(3), "--cluster", s.File())
	if code != exitUsage || !strings.Contains(stderr, "--yes") {
		t.Errorf("without a terminal: exit code %d, %s", code, stderr)
	}
	if got := s.members(); len(got.Members) != 3 {
		t.Errorf("asking changed the members: %v", got)
	}
	s.refusedToStart(3, exitCorrupt) // as it was

	s.paxos("repair", "cut-tail", s.DataDir(3), "--cluster", s.File(), "--yes")
	id := mustNotVote(t, s.DataDir(3), old)
	m := s.members()
	if len(m.Members) != 3 || m.Members[2].ID != 4 || m.Members[2].Voter || id.ID != 4 {
		t.Errorf("before it runs: members %v, store of %s; want member 4 without a vote", m.Members, id)
	}
	s.appendAll(41, 50)
	ok(t, s.Start(3))
	s.voting(1, 2, 4)
	s.keptBefore(3, old)

	ok(t, s.Kill(1)) // now the repaired one is needed for a majority
	s.appendAll(51, 60)
	if got := s.paxos("list", s.File(), "--server", "3"); got != numbersTo(60) {
		t.Errorf("the repaired server's list is %q", got)
	}
}

// keptBefore checks that what the repair took away is there still.
func (s serving) keptBefore(i int, old storage.Identity) {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.DataDir(i), "before-*", "identity"))
	ok(s.t, err)
	if len(found) != 1 {
		s.t.Fatalf("kept: %v", found)
	}
	if id, err := storage.ReadIdentity(filepath.Dir(found[0])); err != nil || id != old {
		s.t.Errorf("kept is the store of %s: %v", id, err)
	}
}

func TestALostStoreIsRebuiltFromThePeersOrABackup(t *testing.T) {
	s := serve(t, servers.Options{Args: []string{"--checkpoint-bytes", "20000"}})
	s.appendAll(1, 30)
	list := filepath.Join(t.TempDir(), "list.backup")
	s.paxos("backup", s.File(), list)
	s.appendAll(31, 40)
	ok(t, s.Kill(2))
	old, err := storage.ReadIdentity(s.DataDir(2))
	ok(t, err)

	ok(t, os.Truncate(filepath.Join(s.DataDir(2), "checkpoint.db"), 5000))
	s.refusedToStart(2, exitCorrupt)
	if code, _, stderr := call(t, "", "repair", "cut-tail", s.DataDir(2), "--cluster", s.File(), "--yes"); code != exitCorrupt || !strings.Contains(stderr, "rebuild") {
		t.Errorf("a cut where the checkpoint is damaged: exit code %d, %s", code, stderr)
	}
	s.paxos("repair", "rebuild", s.DataDir(2), "--cluster", s.File(), "--yes")
	mustNotVote(t, s.DataDir(2), old)
	ok(t, s.Start(2))
	s.voting(1, 3, 4)

	ok(t, s.Kill(3)) // and its disk is gone
	ok(t, os.RemoveAll(s.DataDir(3)))
	s.paxos("repair", "rebuild", s.DataDir(3), "--cluster", s.File(), "--node", s.Address(3), "--from", list, "--yes")
	ok(t, s.Start(3))
	s.voting(1, 4, 5)
	ok(t, s.Kill(1))
	s.appendAll(41, 50)
	for _, i := range []string{"2", "3"} {
		if got := s.paxos("list", s.File(), "--server", i); got != numbersTo(50) {
			t.Errorf("server %s: the list is %q", i, got)
		}
	}
}

func TestAfterTheLossOfAMajorityANewClusterBeginsWithWhatIsLeft(t *testing.T) {
	s := serve(t, servers.Options{})
	ok(t, s.Kill(2)) // so that nothing is acknowledged on which server 1 has not voted
	s.led()
	s.appendAll(1, 60)
	s.has(1, 60)
	for i := 1; i <= 3; i++ {
		ok(t, s.Kill(i))
	}
	one := s.DataDir(1)
	old, err := storage.ReadIdentity(one)
	ok(t, err)
	begin := []string{"repair", "new-cluster", one, "--node", s.Address(1), "--cluster-name", "second"}

	if code, _, stderr := call(t, "", append(slices.Clone(begin), s.DataDir(2))...); code != exitRefused || !strings.Contains(stderr, "not lost") {
		t.Errorf("with a majority: exit code %d, %s", code, stderr)
	}
	for _, more := range [][]string{nil, {"--yes"}} {
		if code, stdout, stderr := call(t, "", append(slices.Clone(begin), more...)...); code != exitUsage || !strings.Contains(stdout, "LOST FOR EVER") {
			t.Errorf("%v: exit code %d, %s%s", more, code, stdout, stderr)
		}
	}
	s.refused(begin, "yes", "first")
	if id, err := storage.ReadIdentity(one); err != nil || id != old {
		t.Fatalf("it was not allowed, but the store is that of %s: %v", id, err)
	}
	if code, stdout, stderr := typing(t, "second\n", begin...); code != exitOK || !strings.Contains(stdout, "votes of instances") {
		t.Fatalf("allowed: exit code %d, %s%s", code, stdout, stderr)
	}
	mustNotVote(t, one, old)

	file := s.naming(1)
	p := program(t, t.TempDir(), "server", "--cluster", file, "--node", s.Address(1), "--data-dir", one, "--reserve", "0")
	if got := s.paxos("list", file); got != numbersTo(60) {
		t.Errorf("the list is %q", got)
	}
	if got := s.paxos("append", file, "61", "--quiet"); got != "60\n" {
		t.Errorf("appended at %s", got)
	}

	// An old member comes back: it finds nobody of its own cluster, and the new one goes on without it.
	back := program(t, t.TempDir(), "server", "--cluster", s.File(), "--node", s.Address(2), "--data-dir", s.DataDir(2), "--reserve", "0")
	if code, stdout, _ := call(t, "", "list", s.naming(2), "--timeout", "3"); code != exitFailed {
		t.Errorf("an old member answers: exit code %d, %q", code, stdout)
	}
	if got := s.paxos("append", file, "62", "--quiet"); got != "61\n" {
		t.Errorf("appended at %s", got)
	}
	if code := back.stop(); code != exitOK {
		t.Errorf("exit code %d: %s", code, back.stderr())
	}

	// With an empty folder it joins.
	empty := filepath.Join(t.TempDir(), "empty")
	s.paxos("member", "add", file, s.Address(2))
	program(t, t.TempDir(), "server", "--cluster", file, "--node", s.Address(2), "--data-dir", empty, "--join", "--reserve", "0")
	waitOutput(t, "the newcomer to vote", func() bool {
		code, stdout, _ := call(t, "", "member", "list", file, "--timeout", "5")
		return code == exitOK && strings.Count(stdout, "yes") == 2
	})
	if got := s.paxos("list", s.naming(2)); got != numbersTo(62) {
		t.Errorf("the newcomer's list is %q", got)
	}
	_ = p
}

// typing runs a command with a person at the terminal who types something.
func typing(t *testing.T, text string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	was := interactive
	interactive = func(io.Reader) bool { return true }
	defer func() { interactive = was }()
	return call(t, text, args...)
}

// refused runs a command with answers that must not be taken for a yes.
func (s serving) refused(args []string, answers ...string) {
	s.t.Helper()
	for _, answer := range append(answers, "", "second cluster", "SECOND") {
		if code, _, stderr := typing(s.t, answer+"\n", args...); code != exitFailed || !strings.Contains(stderr, "nothing was done") {
			s.t.Errorf("%q was taken: exit code %d, %s", answer, code, stderr)
		}
	}
}
