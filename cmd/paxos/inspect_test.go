package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// makeStore makes the closed store of a list server with 3,000 entries.
func makeStore(t *testing.T, dir string) {
	t.Helper()
	makeStoreOf(t, dir, protocol.RoleServer, list.Options{})
}

// makeStoreOf makes one of a role, with a list of such options.
func makeStoreOf(t *testing.T, dir string, role protocol.Role, o list.Options) {
	t.Helper()
	store, _, err := storage.Open(storage.Options{
		Dir: dir, Init: true, SegmentBytes: 64 << 10, Want: storage.Identity{Cluster: 7, Role: role, ID: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	ballot := protocol.Ballot{Round: 1, Proposer: 2, Incarnation: 3<<62 | 3}
	s := list.New(o)
	var batch storage.Batch
	apply := func(v protocol.Value) {
		batch.Reset()
		batch.Add(&protocol.Voted{Vote: protocol.Vote{Ballot: ballot, Instance: s.Applied() + 1, Value: v}})
		if err := store.Commit(&batch); err != nil {
			t.Fatal(err)
		}
		s.Apply(s.Applied()+1, v, new(protocol.Effects))
	}
	apply(protocol.Value(nil).AppendOpen(protocol.Nonce{1}))
	for n := range 30 {
		r := protocol.Run{Session: 1, First: protocol.Seq(100*n + 1), Count: 100}
		for range r.Count {
			r.Block = protocol.AppendPayload(r.Block, []byte("value"))
		}
		apply(protocol.Value(nil).AppendRun(r))
	}
	pins := []protocol.Pin{{Acceptor: 2, Store: store.Identity().Store}, {Acceptor: 3, Store: 3 << 62}}
	c := storage.Checkpoint{Covers: store.Covered(), Promised: ballot, Pins: pins, Applied: s.Applied(), Head: s.AppendHead(nil), ChunkCount: s.Length() / protocol.ChunkEntries}
	if o.SessionsOnly {
		c.ChunkCount = 0
	}
	for _, chunk := range s.TakeClosed() {
		c.Chunks = append(c.Chunks, storage.Chunk{Number: chunk.Number, Data: list.EncodeChunk(nil, chunk.Raw)})
	}
	if err := store.Close(&c); err != nil {
		t.Fatal(err)
	}
}

// inspected runs an inspect command.
func inspected(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), append([]string{"inspect"}, args...), strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func inspectCommands(dir string) [][]string {
	var all [][]string
	for _, name := range []string{"store", "wal", "promises", "votes", "decided", "list", "sessions", "snapshot", "verify", "stats"} {
		all = append(all, []string{name, dir})
	}
	return append(all, []string{"diff", dir, dir}, []string{"votes", dir, "--instance", "3"}, []string{"wal", dir, "--raw", "--from", "1:100", "--to", "1:500"})
}

func TestEveryInspectCommandShowsAStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server-2")
	makeStore(t, dir)
	for _, args := range inspectCommands(dir) {
		code, out, errOut := inspected(t, args...)
		if code != exitOK || errOut != "" || !strings.Contains(out, dir) {
			t.Errorf("%v: exit code %d, %q, %q", args, code, out, errOut)
		}
		code, out, errOut = inspected(t, append(args, "--output", "json")...)
		if code != exitOK || errOut != "" {
			t.Errorf("%v in JSON: exit code %d, %q", args, code, errOut)
		}
		for _, object := range objects(t, out) {
			checkJSON(t, args, object)
		}
	}
	if _, out, _ := inspected(t, "list", dir, "--from", "2998"); strings.Count(out, "value") != 2 {
		t.Errorf("the end of the list: %q", out)
	}
}

// objects are what a command has printed in JSON.
func objects(t *testing.T, out string) (all []map[string]any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(out))
	d.UseNumber()
	for {
		var object map[string]any
		if err := d.Decode(&object); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatalf("%v in %q", err, out)
		}
		all = append(all, object)
	}
}

// checkJSON looks for what programs stumble over: keys with capitals among others, and
// numbers that are not exact as floating-point ones.
func checkJSON(t *testing.T, args []string, value any) {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		for key, v := range value {
			if key != strings.ToLower(key) {
				t.Errorf("%v: the key %q", args, key)
			}
			checkJSON(t, args, v)
		}
	case []any:
		for _, v := range value {
			checkJSON(t, args, v)
		}
	case json.Number:
		if n, err := value.Int64(); err == nil && n > 1<<53 || err != nil && !strings.Contains(value.String(), ".") {
			t.Errorf("%v: the number %s", args, value)
		}
	}
}

// The pins of a store name stores as these name themselves.
func TestPinsCanBeMatchedToStores(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server-2")
	makeStore(t, dir)
	_, out, _ := inspected(t, "store", dir, "--output", "json")
	o := objects(t, out)[0]
	if pin := o["pins"].([]any)[0].(map[string]any); pin["store"] != o["store"] {
		t.Errorf("store %v, pin %v", o["store"], pin)
	}
}

// What could not be read is no fact in JSON either.
func TestDamageStandsInJSON(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server-2")
	makeStore(t, dir)
	if err := os.Truncate(filepath.Join(dir, storage.DatabaseName), 0); err != nil {
		t.Fatal(err)
	}
	for _, args := range inspectCommands(dir) {
		if args[0] == "verify" || args[0] == "wal" {
			continue // the one lists findings, the other does not look at the database
		}
		code, out, _ := inspected(t, append(args, "--output", "json")...)
		all := objects(t, out)
		if len(all) == 0 {
			t.Fatalf("%v: exit code %d, and nothing is said", args, code)
		}
		last := all[len(all)-1]
		if args[0] == "diff" {
			last = last["nodes"].([]any)[0].(map[string]any)
		}
		if found, _ := last["damaged"].([]any); code != exitCorrupt || len(found) == 0 {
			t.Errorf("%v: exit code %d, %v", args, code, last)
		}
		if args[0] == "store" && (last["whole"] != false || last["applied"] != nil) {
			t.Errorf("what could not be read is given as known: %v", last)
		}
	}
	if _, out, _ := inspected(t, "store", dir); !strings.Contains(out, "at least") || !strings.Contains(out, "unknown") {
		t.Errorf("for people: %q", out)
	}
}

// Damage is named, the rest is shown, and the exit code says so: 1 of verify, which
// was asked, else 5.
func TestInspectCommandsShowWhatIsLeftOfADamagedStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server-2")
	makeStore(t, dir)
	segment := filepath.Join(dir, "log", "0000000000000001.wal")
	file, err := os.OpenFile(segment, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte{0xff}, 700); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, _ := inspected(t, "verify", dir)
	if code != exitFailed || !strings.Contains(out, "WRONG: "+segment+" at offset ") {
		t.Errorf("verify: exit code %d, %q", code, out)
	}
	code, out, errOut := inspected(t, "wal", dir)
	if code != exitCorrupt || !strings.Contains(errOut, "damaged: "+segment) || strings.Count(out, " ok ") < 30 {
		t.Errorf("wal: exit code %d, %q, %q", code, out, errOut)
	}
	if code, out, _ = inspected(t, "list", dir); code != exitOK || strings.Count(out, "value") != 3000 {
		t.Errorf("list: exit code %d, %d bytes", code, len(out))
	}
}

func TestInspectSaysWhatIsNoStore(t *testing.T) {
	top := t.TempDir()
	makeStore(t, filepath.Join(top, "server-2"))
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"store", top}, exitRefused, "server-2"},
		{[]string{"verify", filepath.Join(top, "nowhere")}, exitRefused, "no such file"},
		{[]string{"store", filepath.Join(top, "server-2", storage.DatabaseName)}, exitRefused, "a file, not a folder"},
		{[]string{"list", top, "--from", "x"}, exitUsage, "\"--from\" flag: invalid syntax"},
		{[]string{"diff", top}, exitUsage, "two folders"},
		{[]string{"store", top, "--output", "xml"}, exitUsage, "table or json"},
		{[]string{"wal", filepath.Join(top, "server-2"), "--from", "one"}, exitUsage, "SEGMENT:OFFSET"},
	} {
		if code, _, errOut := inspected(t, c.args...); code != c.code || !strings.Contains(errOut, c.says) {
			t.Errorf("%v: exit code %d, %q", c.args, code, errOut)
		}
	}
}

// What is not in the list yet is not passed over in silence.
func TestInspectListSaysWhatIsAboveTheCheckpoint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server-2")
	makeStore(t, dir)
	if _, out, _ := inspected(t, "list", dir, "--from", "3000"); !strings.Contains(out, "the list of the checkpoint has 3,000 entries\n") {
		t.Errorf("behind its end: %q", out)
	}
	store, r, err := storage.Open(storage.Options{Dir: dir, Want: storage.Identity{Cluster: 7, Role: protocol.RoleServer, ID: 2}})
	if err != nil {
		t.Fatal(err)
	}
	var batch storage.Batch
	batch.Add(&protocol.Voted{Vote: protocol.Vote{Ballot: r.Promised, Instance: r.Applied + 1}})
	if err := errors.Join(store.Commit(&batch), store.Close(nil)); err != nil {
		t.Fatal(err)
	}
	if _, out, _ := inspected(t, "list", dir); !strings.HasSuffix(out, "3,000 entries; above it there are votes for 1 instance, which are not in it yet\n") {
		t.Errorf("its end: %q", out[max(0, len(out)-200):])
	}
	_, out, _ := inspected(t, "list", dir, "--output", "json", "--from", "2999")
	if all := objects(t, out); len(all) != 2 || fmt.Sprint(all[1]) != "map[length:3000 votes_above:1]" {
		t.Errorf("in JSON: %q", out)
	}
}

// A proposer's list has no entries, and nobody says that it has.
func TestInspectOfAListWithoutEntries(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "proposer-1")
	makeStoreOf(t, dir, protocol.RoleProposer, list.Options{SessionsOnly: true})
	for _, name := range []string{"store", "list", "snapshot", "decided"} {
		code, out, _ := inspected(t, name, dir)
		said := strings.Contains(out, "only the sessions are kept") || name == "decided" // where its votes are in the log still
		if code != exitOK || !said || strings.Contains(out, "tail of") || strings.Contains(out, "in the list") {
			t.Errorf("%s: exit code %d, %q", name, code, out)
		}
	}
}

// noRoom is an output to a disk that is full.
type noRoom struct{}

func (noRoom) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
}

// Exit code 4 is for the disk of a store.
func TestAFullDiskBehindStdoutIsNoStoresDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server-2")
	makeStore(t, dir)
	for _, args := range [][]string{{"inspect", "list", dir}, {"export", dir}} {
		var errOut bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), noRoom{}, &errOut); code != exitFailed {
			t.Errorf("%v: exit code %d, %s", args, code, errOut.String())
		}
	}
	if code, _, stderr := call(t, "", "backup", "--verify", dir); code != exitUsage {
		t.Errorf("a folder is no backup: exit code %d, %s", code, stderr)
	}
}

// hungUp is an output whose reader went away.
type hungUp struct{}

func (hungUp) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestInspectEndsQuietlyWhenItsReaderGoesAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server-2")
	makeStore(t, dir)
	var errOut bytes.Buffer
	for _, args := range inspectCommands(dir) {
		if code := run(t.Context(), append([]string{"inspect"}, args...), strings.NewReader(""), hungUp{}, &errOut); code != exitOK || errOut.Len() > 0 {
			t.Errorf("%v: exit code %d, %q", args, code, errOut.String())
		}
	}
}

// A named pipe in the place of a segment is damage, whose bytes nobody waits for.
func TestNobodyWaitsForTheBytesOfAPipe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server-2")
	makeStore(t, dir)
	segment := filepath.Join(dir, "log", "0000000000000001.wal")
	if err := errors.Join(os.Remove(segment), syscall.Mkfifo(segment, 0o600)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan int, 1)
	go func() {
		ended <- run(t.Context(), []string{"inspect", "wal", dir, "--raw"}, strings.NewReader(""), io.Discard, io.Discard)
	}()
	select {
	case code := <-ended:
		if code != exitCorrupt {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(time.Minute):
		t.Fatal("it waits for somebody who writes into the pipe")
	}
}
