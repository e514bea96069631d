package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"paxos/internal/servers"
	"paxos/server/listclient"
	"paxos/server/value"
)

// counting appends 1, 2, 3, ... until it is stopped, and knows how many are acknowledged.
type counting struct {
	acked atomic.Int64
	stop  func()
}

func (s serving) count() *counting {
	s.t.Helper()
	c, err := listclient.New(listclient.Config{Servers: s.Addresses()})
	ok(s.t, err)
	ctx, cancel := context.WithCancel(s.ctx)
	k, done := &counting{}, make(chan struct{})
	go func() {
		defer close(done)
		for n := int64(1); ctx.Err() == nil; n++ {
			if _, err := c.Append(ctx, value.Int(n)); err != nil {
				return
			}
			k.acked.Store(n)
		}
	}()
	k.stop = func() { cancel(); <-done; c.Close() }
	s.t.Cleanup(k.stop)
	return k
}

func (k *counting) await(t *testing.T, n int64) {
	t.Helper()
	waitOutput(t, "values to be acknowledged", func() bool { return k.acked.Load() >= n })
}

func TestABackupUnderLoadIsRestoredElsewhere(t *testing.T) {
	s := serve(t, servers.Options{Args: []string{"--checkpoint-bytes", "4000"}})
	k := s.count()
	k.await(t, 1500) // more than a chunk
	dir := t.TempDir()
	file, node := filepath.Join(dir, "list.backup"), freeAddress(t)
	before := int(k.acked.Load())
	var made, read backupReport
	ok(t, json.Unmarshal([]byte(s.paxos("backup", s.File(), file, "--json")), &made))
	k.await(t, int64(before)+5) // it went on
	k.stop()
	ok(t, json.Unmarshal([]byte(s.paxos("backup", "--verify", file, "--json")), &read))
	if !reflect.DeepEqual(made, read) || int(made.Length) < before {
		t.Errorf("%d values were acknowledged before; made %+v, read %+v", before, made, read)
	}
	if code, _, stderr := call(t, "", "backup", s.File(), file); code != exitUsage || !strings.Contains(stderr, "there already") {
		t.Errorf("over a backup: exit code %d, %s", code, stderr)
	}
	if code, _, stderr := call(t, "", "backup", s.DataDir(1), file+"-2"); code != exitRefused || !strings.Contains(stderr, "or ask it") {
		t.Errorf("of a folder that is in use: exit code %d, %s", code, stderr)
	}

	// Elsewhere, as a new cluster.
	elsewhere, store := filepath.Join(dir, "elsewhere"), filepath.Join(dir, "store")
	writeFile(t, elsewhere, node)
	if code, _, stderr := call(t, "", "restore", file, store, "--new-cluster", "--node", node); code != exitUsage || !strings.Contains(stderr, "--yes") {
		t.Errorf("without a terminal: exit code %d, %s", code, stderr)
	}
	s.paxos("restore", file, store, "--new-cluster", "--node", node, "--yes")
	program(t, dir, "server", "--cluster", elsewhere, "--node", node, "--data-dir", store, "--reserve", "0")
	if got := s.paxos("list", elsewhere); got != numbersTo(int(made.Length)) {
		t.Errorf("the restored list has %d values, the backup %d; or others", strings.Count(got, "\n"), made.Length)
	}
	if got, want := s.paxos("append", elsewhere, "7", "--quiet"), strconv.FormatUint(made.Length, 10)+"\n"; got != want {
		t.Errorf("appended at %q, want %q", got, want)
	}

	// In its own cluster, as a newcomer.
	fourth, address := filepath.Join(dir, "fourth"), freeAddress(t)
	if code, _, stderr := call(t, "", "restore", file, fourth, "--cluster", elsewhere, "--node", address, "--yes"); code != exitRefused {
		t.Errorf("into another cluster: exit code %d, %s", code, stderr)
	}
	s.paxos("restore", file, fourth, "--cluster", s.File(), "--node", address, "--yes")
	program(t, dir, "server", "--cluster", s.File(), "--node", address, "--data-dir", fourth, "--reserve", "0")
	s.voting(1, 2, 3, 4)
	own := filepath.Join(dir, "own")
	writeFile(t, own, address)
	if got, want := s.paxos("list", own), s.paxos("list", s.File()); got != want {
		t.Errorf("the newcomer has %d bytes of list, the others %d", len(got), len(want))
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	addresses, err := servers.FreeAddresses(1)
	ok(t, err)
	return addresses[0]
}

func TestADamagedBackupIsRefused(t *testing.T) {
	s := serve(t, servers.Options{Count: 1})
	s.appendAll(1, 20)
	dir := t.TempDir()
	file := filepath.Join(dir, "list.backup")
	s.paxos("backup", s.Address(1), file)
	data, err := os.ReadFile(file)
	ok(t, err)
	data[len(data)/2] ^= 1
	ok(t, os.WriteFile(file, data, 0o644))
	store := filepath.Join(dir, "store")
	for _, args := range [][]string{
		{"backup", "--verify", file},
		{"restore", file, store, "--new-cluster", "--node", "127.0.0.1:1", "--yes"},
	} {
		if code, _, stderr := call(t, "", args...); code != exitCorrupt || !strings.Contains(stderr, "offset") {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
	if _, err := os.Stat(store); err == nil {
		t.Error("a store was made")
	}
}

// All kinds of values, out of one cluster and into another one, by an import that is
// killed and started again.
func TestExportAndImportGoRound(t *testing.T) {
	from, to := serve(t, servers.Options{Count: 1}), serve(t, servers.Options{Count: 1})
	dir := t.TempDir()
	var text strings.Builder
	for n := range 12000 {
		text.WriteString([...]string{
			strconv.Itoa(n), "-" + strings.Repeat("123456789", 1+n%9), `"text"`, `"ü, 漢字, 😀, \"quoted\", \u0000\n"`, `""`, `"7"`,
		}[n%6] + "\n")
	}
	values, exported := filepath.Join(dir, "values"), filepath.Join(dir, "exported")
	writeFile(t, values, text.String())
	from.paxos("import", values, from.File())
	from.paxos("export", from.File(), "--out", exported)
	want := from.paxos("list", from.File())
	if got := readFile(t, exported); got != want || strings.Count(got, "\n") != 12000 {
		t.Errorf("exported %d values, %d bytes; the list has %d", strings.Count(got, "\n"), len(got), len(want))
	}

	killed := program(t, dir, "import", exported, to.File())
	waitOutput(t, "the import to have begun", func() bool {
		code, stdout, _ := call(t, "", "export", to.Address(1), "--limit", "1")
		return code == exitOK && stdout != ""
	})
	_ = killed.cmd.Process.Kill()
	_ = killed.cmd.Wait()
	to.paxos("import", exported, to.File())
	to.paxos("import", exported, to.File()) // complete: nothing happens
	if got := to.paxos("list", to.File()); got != want {
		t.Errorf("imported %d values of 12000; or others", strings.Count(got, "\n"))
	}

	if got := to.paxos("export", to.File(), "--from", "1", "--limit", "2", "--indexes"); got != `{"index":1,"value":-123456789123456789}`+"\n"+`{"index":2,"value":"text"}`+"\n" {
		t.Errorf("with indexes: %s", got)
	}
	ok(t, to.Stop(1)) // cleanly: its checkpoint has all
	if got := to.paxos("export", to.DataDir(1)); got != want {
		t.Errorf("the folder has %d values of 12000; or others", strings.Count(got, "\n"))
	}
	file := filepath.Join(dir, "of-the-folder")
	var made backupReport
	ok(t, json.Unmarshal([]byte(to.paxos("backup", to.DataDir(1), file, "--json")), &made))
	if made.Length != 12000 {
		t.Errorf("a backup of the folder has %+v", made)
	}
}
