package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// roleStore makes the store of a role of the multicast cluster, with records behind its checkpoint.
func roleStore(t *testing.T, dir string, role protocol.Role, id protocol.NodeID) storage.Identity {
	t.Helper()
	s, _, err := storage.Open(storage.Options{Dir: dir, Want: storage.Identity{Cluster: 5, Role: role, ID: id}, Init: true, SegmentBytes: 64 << 10})
	ok(t, err)
	state := list.New(list.Options{SessionsOnly: role == protocol.RoleProposer})
	state.Apply(1, protocol.Value(nil).AppendOpen(protocol.Nonce{1}), &protocol.Effects{})
	run := protocol.Run{Session: 1, First: 1, Count: 2, Block: protocol.AppendPayload(protocol.AppendPayload(nil, []byte("any text")), []byte(`"`))}
	state.Apply(2, protocol.Value(nil).AppendRun(run), &protocol.Effects{})
	ok(t, s.Checkpoint(storage.Checkpoint{Covers: s.Covered(), Applied: 2, Head: state.AppendHead(nil)}))
	for i := range 20 {
		var b storage.Batch
		if role == protocol.RoleAcceptor {
			b.Add(&protocol.Voted{Vote: protocol.Vote{Ballot: protocol.Ballot{Round: 1, Proposer: 1, Incarnation: 1}, Instance: protocol.Instance(i + 3)}})
		} else {
			b.Add(&protocol.Round{Round: uint64(i + 1)})
		}
		if i == 19 { // the last batch has two records: one of them shows that it was torn
			b.Add(&protocol.Round{Round: 21})
		}
		ok(t, s.Commit(&b))
	}
	identity := s.Identity()
	ok(t, s.Close(nil))
	return identity
}

func TestADamagedLogOfARole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "acceptor-2")
	old := roleStore(t, dir, protocol.RoleAcceptor, 2)
	if code, stdout, _ := call(t, "", "repair", "cut-tail", dir); code != exitOK || !strings.Contains(stdout, "Nothing need be done") {
		t.Errorf("a whole log: exit code %d, %s", code, stdout)
	}
	damageLog(t, dir)
	for _, c := range []struct {
		args, want string
	}{
		{"", "--id N is needed"}, {"--id 2 --yes", "no other store may vote"}, {"--id 4", "--yes"},
	} {
		args := append([]string{"repair", "cut-tail", dir}, strings.Fields(c.args)...)
		if code, _, stderr := call(t, "", args...); code == exitOK || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit code %d, %s", c.args, code, stderr)
		}
	}
	if code, _, stderr := call(t, "", "repair", "cut-tail", dir, "--id", "4", "--yes"); code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	if id := mustNotVote(t, dir, old); id.ID != 4 {
		t.Errorf("made %s", id)
	}
	if code, stdout, _ := call(t, "", "export", dir); code != exitOK || stdout != "any text\n\"\n" {
		t.Errorf("exit code %d, its list is %q", code, stdout)
	}

	for _, role := range []protocol.Role{protocol.RoleLearner, protocol.RoleProposer} { // no vote, and so no new number
		dir := filepath.Join(t.TempDir(), role.String())
		old := roleStore(t, dir, role, 2)
		damageLog(t, dir)
		if code, _, stderr := call(t, "", "repair", "cut-tail", dir, "--yes"); code != exitOK {
			t.Fatalf("%s: exit code %d, %s", role, code, stderr)
		}
		id, err := storage.ReadIdentity(dir)
		ok(t, err)
		if old.Store = id.Store; id != old {
			t.Errorf("made %s of %s", id, old)
		}
	}
}

func TestATornTailNeedsNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "acceptor-2")
	roleStore(t, dir, protocol.RoleAcceptor, 2)
	tearLog(t, dir)
	before := readFile(t, filepath.Join(dir, "identity"))
	code, stdout, stderr := call(t, "", "repair", "cut-tail", dir, "--id", "4", "--yes")
	if code != exitOK || !strings.Contains(stdout, "torn") || !strings.Contains(stdout, "Nothing need be done") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	if readFile(t, filepath.Join(dir, "identity")) != before {
		t.Error("the store was changed")
	}
}

func TestADryRunMakesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "acceptor-2")
	roleStore(t, dir, protocol.RoleAcceptor, 2)
	for _, args := range [][]string{
		{"repair", "rebuild", dir + "-new", "--id", "4", "--from", dir, "--dry-run"},
		{"repair", "cut-tail", dir + "-new", "--dry-run"},
		{"repair", "new-cluster", dir + "-new", "--node", "127.0.0.1:1", "--dry-run"},
		{"repair", "new-cluster", dir, "--node", "127.0.0.1:1", "--dry-run"},
	} {
		if code, stdout, _ := call(t, "", args...); code == exitOK && args[1] != "rebuild" { // which says what it would do
			t.Errorf("%v: %s", args, stdout)
		}
		if _, err := os.Stat(dir + "-new"); err == nil {
			t.Fatalf("%v made a folder", args)
		}
	}
}

// A repair that was interrupted is finished by the next one, whichever it is, when it
// is allowed to.
func TestAnInterruptedRepairIsFinishedFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "acceptor-2")
	old := roleStore(t, dir, protocol.RoleAcceptor, 2)
	_, err := storage.Create(storage.Options{Dir: filepath.Join(dir, "repair", "store"), Want: storage.Identity{Cluster: 5, Role: protocol.RoleAcceptor, ID: 4}},
		storage.Contents{Applied: 2, Head: list.New(list.Options{}).AppendHead(nil)})
	ok(t, err)
	writeFile(t, filepath.Join(dir, "repair", "plan"), `{"before":"before-test"}`)
	code, stdout, stderr := call(t, "", "repair", "rebuild", dir, "--cluster", "none")
	if code != exitUsage || !strings.Contains(stdout, "Finish the repair") || !strings.Contains(stderr, "--yes") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	if id, err := storage.ReadIdentity(dir); err != nil || id != old {
		t.Errorf("it was not allowed, but the store is of %s: %v", id, err)
	}
	if code, _, stderr := call(t, "", "repair", "cut-tail", dir, "--yes"); code != exitFailed || !strings.Contains(stderr, "run the command again") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if id := mustNotVote(t, dir, old); id.ID != 4 {
		t.Errorf("made %s", id)
	}
	if id, err := storage.ReadIdentity(filepath.Join(dir, "before-test")); err != nil || id != old {
		t.Errorf("kept is %s: %v", id, err)
	}
}

// The empty folder of a role whose store is lost says nothing: the store that it is
// made from says which cluster and role it was.
func TestALostStoreOfARoleIsRebuiltFromAnother(t *testing.T) {
	from := filepath.Join(t.TempDir(), "acceptor-2")
	old := roleStore(t, from, protocol.RoleAcceptor, 2)
	dir := t.TempDir()
	if code, _, stderr := call(t, "", "repair", "rebuild", dir, "--id", "2", "--from", from, "--yes"); code != exitRefused || !strings.Contains(stderr, "itself") {
		t.Errorf("under the number of the other one: exit code %d, %s", code, stderr)
	}
	if code, _, stderr := call(t, "", "repair", "rebuild", dir, "--id", "4", "--from", from, "--yes"); code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	id := mustNotVote(t, dir, old)
	if id.ID != 4 || id.Role != old.Role || id.Cluster != old.Cluster {
		t.Errorf("made %s", id)
	}
	if code, _, stderr := call(t, "", "repair", "rebuild", t.TempDir(), "--id", "4", "--yes"); code != exitUsage || !strings.Contains(stderr, "--from") {
		t.Errorf("from nothing: exit code %d, %s", code, stderr)
	}
}

// The lines of a multicast acceptor are no values of a list server, which would answer with
// broken JSON. Its backup makes a store of its role.
func TestABackupOfARoleMakesNoServersStore(t *testing.T) {
	from := filepath.Join(t.TempDir(), "acceptor-2")
	old := roleStore(t, from, protocol.RoleAcceptor, 2)
	file, dir := filepath.Join(t.TempDir(), "list.backup"), t.TempDir()
	if code, _, stderr := call(t, "", "backup", from, file); code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	code, _, stderr := call(t, "", "restore", file, dir, "--node", "127.0.0.1:1", "--new-cluster", "--yes")
	if code != exitRefused || !strings.Contains(stderr, "multicast cluster") || !strings.Contains(stderr, "paxos client") {
		t.Errorf("restored as a server: exit code %d, %s", code, stderr)
	}
	if _, err := storage.ReadIdentity(dir); !errors.Is(err, storage.ErrNotFormatted) {
		t.Errorf("a store was made: %v", err)
	}
	if code, _, stderr := call(t, "", "repair", "rebuild", dir, "--id", "4", "--from", file, "--yes"); code != exitOK {
		t.Fatalf("rebuilt: exit code %d, %s", code, stderr)
	}
	if id := mustNotVote(t, dir, old); id.ID != 4 || id.Role != old.Role || id.Cluster != old.Cluster {
		t.Errorf("made %s", id)
	}
	proposer := filepath.Join(t.TempDir(), "proposer-1")
	roleStore(t, proposer, protocol.RoleProposer, 1)
	if code, _, stderr := call(t, "", "backup", proposer, file+"2"); code != exitRefused || !strings.Contains(stderr, "sessions only") {
		t.Errorf("a proposer: exit code %d, %s", code, stderr)
	}
}

// Restoring into "." by mistake must not make a store among other files.
func TestABackupIsRestoredIntoAnEmptyFolderOnly(t *testing.T) {
	from, dir := filepath.Join(t.TempDir(), "server-2"), t.TempDir()
	roleStore(t, from, protocol.RoleServer, 2)
	file := filepath.Join(dir, "list.backup")
	if code, _, stderr := call(t, "", "backup", from, file); code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	restore := func(dir string) (int, string) {
		code, _, stderr := call(t, "", "restore", file, dir, "--node", "127.0.0.1:1", "--new-cluster", "--yes")
		return code, stderr
	}
	if code, stderr := restore(dir); code != exitRefused || !strings.Contains(stderr, "not empty (list.backup)") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	disk := filepath.Join(dir, "disk")
	ok(t, os.MkdirAll(filepath.Join(disk, "lost+found"), 0o755))
	if code, stderr := restore(disk); code != exitOK {
		t.Errorf("a disk's root: exit code %d, %s", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(disk, "lost+found")); err != nil {
		t.Error(err)
	}
}

// Without its log a store still has its checkpoint: nothing says that it has not.
func TestAStoreWithoutItsLogIsExportedAndCut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "acceptor-2")
	old := roleStore(t, dir, protocol.RoleAcceptor, 2)
	ok(t, os.RemoveAll(filepath.Join(dir, storage.LogName)))
	for _, args := range [][]string{{"export", dir}, {"export", dir, "--skip-damaged"}} {
		if code, stdout, stderr := call(t, "", args...); code != exitOK || stdout != "any text\n\"\n" || !strings.Contains(stderr, "the log is missing") {
			t.Errorf("%v: exit code %d, %q, %s", args, code, stdout, stderr)
		}
	}
	code, stdout, stderr := call(t, "", "repair", "cut-tail", dir, "--id", "4", "--yes")
	if code != exitOK || !strings.Contains(stdout, "the log is missing") {
		t.Fatalf("exit code %d, %s%s", code, stdout, stderr)
	}
	mustNotVote(t, dir, old)
}

// What says whose store it is stands in the database and the log, too: a store that lost the
// file only has voted all the same (rule 10).
func TestAStoreWithoutItsIdentityIsNoEmptyFolder(t *testing.T) {
	at := t.TempDir()
	from, dir := filepath.Join(at, "acceptor-1"), filepath.Join(at, "acceptor-2")
	roleStore(t, from, protocol.RoleAcceptor, 1)
	for what, spoil := range map[string]func(dir string) error{
		"checkpoint.db": func(string) error { return nil },
		"log":           func(dir string) error { return os.Remove(filepath.Join(dir, storage.DatabaseName)) },
	} {
		ok(t, os.RemoveAll(dir))
		old := roleStore(t, dir, protocol.RoleAcceptor, 2)
		ok(t, errors.Join(os.Remove(filepath.Join(dir, storage.IdentityName)), spoil(dir)))
		rebuild := func(id string) (int, string) {
			code, stdout, stderr := call(t, "", "repair", "rebuild", dir, "--id", id, "--from", from, "--yes")
			return code, stdout + stderr
		}
		if code, out := rebuild("2"); code == exitOK || !strings.Contains(out, "has voted with the store") {
			t.Errorf("%s: under its own number: exit code %d, %s", what, code, out)
		}
		code, out := rebuild("4")
		if code != exitOK || !strings.Contains(out, "by its "+what+" it is the store of "+old.String()) || strings.Contains(out, "holds no store") {
			t.Errorf("%s: exit code %d, %s", what, code, out)
		}
	}
	ok(t, os.RemoveAll(dir))
	roleStore(t, dir, protocol.RoleAcceptor, 2)
	for _, name := range []string{storage.IdentityName, storage.DatabaseName} {
		ok(t, os.WriteFile(filepath.Join(dir, name), []byte("no more"), 0o644))
	}
	ok(t, os.RemoveAll(filepath.Join(dir, storage.LogName)))
	if code, out, _ := call(t, "", "repair", "rebuild", dir, "--id", "4", "--from", from, "--yes"); code != exitOK || !strings.Contains(out, "cannot be read") {
		t.Errorf("where nothing says it: exit code %d, %s", code, out)
	}
}
