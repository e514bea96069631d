package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/engine"
	"paxos/internal/servers"
	"paxos/storage"
)

// counter is the state machine of a program: how many commands there were.
type counter struct{ count uint64 }

func (c *counter) Apply([]byte) any { c.count++; return c.count }
func (c *counter) Snapshot(w io.Writer) error {
	_, err := fmt.Fprintln(w, c.count)
	return err
}
func (c *counter) Restore(r io.Reader) error {
	_, err := fmt.Fscan(r, &c.count)
	return err
}

// startCounter starts a node of the program.
func startCounter(t *testing.T, o engine.Options) (*engine.Engine, *counter) {
	t.Helper()
	c := &counter{}
	o.Machine, o.SnapshotBytes, o.CheckpointBytes = c, 8<<10, 8<<10
	e, err := engine.Start(t.Context(), o)
	ok(t, err)
	t.Cleanup(func() { _ = e.Stop() })
	return e, c
}

// counted has a node count, and returns how far it came by then.
func counted(t *testing.T, e *engine.Engine, times int) (last uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range times {
		result, err := e.Propose(ctx, make([]byte, 4<<10))
		ok(t, err)
		last = result.(uint64)
	}
	return last
}

// stoppedProgram returns the folder of one of three nodes of the program, which are
// stopped. It has voted for everything: the third one never ran.
func stoppedProgram(t *testing.T, times int) (dir string) {
	t.Helper()
	addresses, err := servers.FreeAddresses(3)
	ok(t, err)
	dir = t.TempDir()
	var nodes []*engine.Engine
	for i, self := range addresses[:2] {
		e, _ := startCounter(t, engine.Options{Dir: filepath.Join(dir, fmt.Sprint(i+1)), Self: self, Peers: addresses, Init: true})
		nodes = append(nodes, e)
	}
	counted(t, nodes[0], times)
	for _, e := range nodes {
		ok(t, e.Stop())
	}
	return filepath.Join(dir, "1")
}

func TestAProgramWithAStateMachineIsRepaired(t *testing.T) {
	const times = 30
	dir, node := stoppedProgram(t, times), freeAddress(t)
	lost := filepath.Join(t.TempDir(), "lost")
	for instead, args := range map[string][]string{
		"ask a node of it": {"export", dir},
		"Options.Join":     {"repair", "rebuild", lost, "--from", dir, "--cluster", node, "--dry-run"},
	} {
		code, stdout, stderr := call(t, "", args...)
		if code != exitRefused || stdout != "" || !strings.Contains(stderr, "image of a program's state") || !strings.Contains(stderr, instead) {
			t.Errorf("%v: exit code %d, %s%s", args, code, stdout, stderr)
		}
	}
	if code, stdout, stderr := call(t, "", "repair", "cut-tail", dir); code != exitOK || !strings.Contains(stdout, "Nothing need be done") {
		t.Errorf("a log that is whole: exit code %d, %s%s", code, stdout, stderr)
	}
	file, copied, other := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "copied"), freeAddress(t)
	for _, args := range [][]string{{"backup", dir, file}, {"backup", "--verify", file}} {
		if code, stdout, stderr := call(t, "", args...); code != exitOK || !strings.Contains(stdout, "30 values") || !strings.Contains(stdout, "image of its state for the first") {
			t.Errorf("%v: exit code %d, %s%s", args, code, stdout, stderr)
		}
	}
	if code, _, stderr := call(t, "", "restore", file, copied, "--node", other, "--cluster", node); code != exitRefused || !strings.Contains(stderr, "Options.Join") {
		t.Errorf("restored as a newcomer: exit code %d, %s", code, stderr)
	}
	if code, stdout, stderr := call(t, "", "restore", file, copied, "--node", other, "--new-cluster", "--yes"); code != exitOK || !strings.Contains(stdout, "start the program") {
		t.Errorf("restored: exit code %d, %s%s", code, stdout, stderr)
	}
	restored, _ := startCounter(t, engine.Options{Dir: copied, Self: other})
	if last := counted(t, restored, 1); last != times+1 {
		t.Errorf("restored it goes on with command %d, want %d", last, times+1)
	}
	begin := []string{"repair", "new-cluster", dir, "--node", node, "--cluster-name", "second", "--yes", "--i-accept-data-loss"}
	code, stdout, stderr := call(t, "", begin...)
	if code != exitOK || !strings.Contains(stdout, "image of the program's state") || !strings.Contains(stdout, "start the program") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	first := engine.Options{Dir: dir, Self: node, Cluster: "second"}
	e, _ := startCounter(t, first)
	if last := counted(t, e, 1); last != times+1 {
		t.Errorf("it goes on with command %d, want %d", last, times+1)
	}
	ok(t, e.Stop())
}

// addDamagedImages writes images that cannot be read into a stopped node's folder.
func addDamagedImages(t *testing.T, dir string, of ...uint64) {
	t.Helper()
	id, err := storage.ReadIdentity(dir)
	ok(t, err)
	s, _, err := storage.Open(storage.Options{Dir: dir, Want: id})
	ok(t, err)
	for _, index := range of {
		w, err := s.BeginImage()
		ok(t, err)
		ok(t, w.Put(storage.Piece{Data: []byte("no piece"), Bytes: 10}))
		ok(t, w.Finish(index))
	}
	ok(t, s.Close(nil))
}

// rotNewestImage changes a byte of the newest image on the disk, wherever a copy of it stands.
func rotNewestImage(t *testing.T, dir string) {
	t.Helper()
	s, err := storage.OpenSaved(storage.Options{Dir: dir})
	ok(t, err)
	piece, err := s.Piece(s.Images().Newest, 0)
	ok(t, err)
	piece = bytes.Clone(piece)
	rotten := bytes.Clone(piece)
	ok(t, s.Close())
	rotten[len(rotten)-1] ^= 1
	path := filepath.Join(dir, storage.DatabaseName)
	file, err := os.ReadFile(path)
	ok(t, err)
	ok(t, os.WriteFile(path, bytes.ReplaceAll(file, piece, rotten), 0o644))
}

func TestABackupOfAFolderWithADamagedImageSaysWhatIsInItAndWhatIsLost(t *testing.T) {
	const times = 30
	dir := stoppedProgram(t, times)
	file := filepath.Join(t.TempDir(), "backup")
	rotNewestImage(t, dir)
	var made backupReport
	code, stdout, stderr := call(t, "", "backup", dir, file, "--json")
	ok(t, json.Unmarshal([]byte(stdout), &made))
	if code != exitOK || made.Length != times || made.Image == 0 || made.Image >= times || len(made.Lost) != 0 ||
		len(made.Found) != 1 || !strings.Contains(made.Found[0], "checkpoint.db at offset") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	addDamagedImages(t, dir, times+5) // the one before it is damaged too, but no chunk is dropped yet
	code, stdout, stderr = call(t, "", "backup", dir, file+"-2")
	if code != exitOK || !strings.Contains(stdout, "damaged: ") || !strings.Contains(stdout, "lost: what was decided for the entries 30 to 34") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	copied := filepath.Join(t.TempDir(), "copied")
	self := freeAddress(t)
	if code, _, stderr := call(t, "", "restore", file, copied, "--node", self, "--new-cluster", "--yes"); code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	e, _ := startCounter(t, engine.Options{Dir: copied, Self: self})
	if last := counted(t, e, 1); last != times+1 {
		t.Errorf("restored it goes on with command %d, want %d", last, times+1)
	}
	whole, err := os.ReadFile(file)
	ok(t, err)
	whole[len(whole)/2] ^= 1
	ok(t, os.WriteFile(file, whole, 0o644))
	code, _, stderr = call(t, "", "restore", file, copied+"-2", "--node", self, "--new-cluster", "--yes")
	if code != exitCorrupt || !strings.Contains(stderr, file) || !strings.Contains(stderr, "at offset") || !strings.Contains(stderr, "take another copy, or another backup") {
		t.Errorf("of a damaged backup: exit code %d, %s", code, stderr)
	}
}

// The number is the one that AddMember gave: the newcomer's store is made of a peer's that
// is stopped, or of a backup of it.
func TestANewcomersStoreIsMadeOfAPeersThatIsStopped(t *testing.T) {
	dir, self := t.TempDir(), freeAddress(t)
	first := engine.Options{Dir: dir, Self: self, Init: true}
	e, _ := startCounter(t, first)
	const times = 30
	counted(t, e, times)
	for i, from := range []string{dir, filepath.Join(t.TempDir(), "backup")} {
		if from != dir {
			if code, _, stderr := call(t, "", "backup", dir, from); code != exitOK { // older than the newcomer's membership
				t.Fatalf("exit code %d, %s", code, stderr)
			}
			e, _ = startCounter(t, first)
		}
		newcomer := engine.Options{Dir: filepath.Join(t.TempDir(), "newcomer"), Self: freeAddress(t), Peers: []string{self}}
		ok(t, e.AddMember(t.Context(), newcomer.Self))
		number := fmt.Sprint(i + 2)
		ok(t, e.Stop())
		for _, wrong := range []string{"1", "0"} {
			if code, _, stderr := call(t, "", "repair", "rebuild", newcomer.Dir, "--from", from, "--id", wrong, "--yes"); code == exitOK {
				t.Errorf("with number %s: %s", wrong, stderr)
			}
		}
		if code, stdout, stderr := call(t, "", "repair", "rebuild", newcomer.Dir, "--from", from, "--id", number, "--yes"); code != exitOK || !strings.Contains(stdout, "Options.Dir") {
			t.Fatalf("exit code %d, %s%s", code, stdout, stderr)
		}
		if code, stdout, stderr := call(t, "", "inspect", "store", newcomer.Dir); code != exitOK || !strings.Contains(stdout, "image ") {
			t.Errorf("exit code %d, %s%s", code, stdout, stderr)
		}
		e, _ = startCounter(t, first)
		n, c := startCounter(t, newcomer)
		waitOutput(t, "the newcomer to vote", func() bool {
			return slices.ContainsFunc(n.Members(), func(m engine.Member) bool { return m.ID == n.ID() && m.Voter })
		})
		ok(t, n.Query(t.Context(), func() {
			if c.count != times {
				t.Errorf("the newcomer has %d commands, want %d", c.count, times)
			}
		}))
		ok(t, e.RemoveMember(t.Context(), n.ID()))
		_ = n.Stop() // it may have ended, since it was removed
		ok(t, e.Stop())
	}
}
