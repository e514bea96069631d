package inspect

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/unix"

	"paxos/node"
	"paxos/protocol"
	"paxos/storage"
	"paxos/transport/memory"
	"paxos/wal"
)

// startNode starts a list server that is a cluster of its own.
func startNode(t testing.TB, dir string, change func(*node.Options)) *node.Server {
	t.Helper()
	quorum, err := protocol.NewQuorum(1)
	must(t, err)
	net := memory.NewNetwork(1)
	o := node.Options{
		Self: protocol.Peer{Role: protocol.RoleServer, ID: 1}, Cluster: 7, Quorum: quorum, DataDir: dir, Init: true,
		Members:   []node.Member{{ID: 1, Address: "a:1", Voter: true}},
		Transport: net.Join(protocol.GroupClients, protocol.GroupProposers, protocol.GroupAcceptors, protocol.GroupLearners),
		Log:       hclog.NewNullLogger(), CheckpointBytes: 64 << 10,
		Timing: node.Timing{Heartbeat: 10 * time.Millisecond, ElectionMin: 100 * time.Millisecond, ElectionMax: 200 * time.Millisecond},
	}
	if change != nil {
		change(&o)
	}
	s, err := node.StartServer(o)
	must(t, err)
	t.Cleanup(func() { _ = s.Stop() })
	return s
}

// load appends until the test ends.
func load(t testing.TB, s *node.Server) { loadCounted(t, s, new(atomic.Int64)) }

func loadCounted(t testing.TB, s *node.Server, appended *atomic.Int64) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		payloads := make([][]byte, 200)
		for i := range payloads {
			payloads[i] = []byte(strings.Repeat("x", i))
		}
		for ctx.Err() == nil {
			placed, _ := s.Append(ctx, payloads) // that the end of the test cuts it short is no error
			appended.Add(int64(len(placed)))
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// A node that is looked at again and again while it works is found whole each time,
// in states that only go forward, and with no lock of its own taken.
func TestARunningNodeIsFoundWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("a long path/", 12))
	s := startNode(t, dir, nil)
	load(t, s)
	var applied protocol.Instance
	var length uint64
	for looks := 0; looks < 5 || length < 5_000; looks++ {
		f, err := Open(dir, Options{Report: func(x Finding) { t.Error(x) }})
		must(t, err)
		if !strings.HasPrefix(f.How(), "running") {
			t.Errorf("it was read as %s", f.How())
		}
		sum, err := f.Verify(t.Context(), func(x Finding) {
			if !x.Note {
				t.Error(x)
			}
		})
		must(t, err)
		if state := f.Store(); *state.Applied < applied || sum.Chunks != state.List.Chunks || state.List.Length < length {
			t.Errorf("%d chunks, applied %s, %+v: after applied %s, %d entries", sum.Chunks, *state.Applied, state.List, applied, length)
		} else {
			applied, length = *state.Applied, state.List.Length
		}
		must(t, f.Close())
	}
	must(t, s.Stop())
	if _, err := os.Stat(filepath.Join(dir, storage.SocketName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left behind: %v", err)
	}
	f, err := Open(dir, Options{})
	must(t, err)
	defer f.Close()
	if f.How() != "stopped" {
		t.Errorf("a stopped one was read as %s", f.How())
	}
}

// What is left of a killed process is not taken for a running one, and does not keep
// the next one from listening.
func TestASocketThatAKilledProcessLeftIsReplaced(t *testing.T) {
	dir := t.TempDir()
	s := startNode(t, dir, nil)
	socket := filepath.Join(dir, storage.SocketName)
	must(t, os.Link(socket, socket+".kept"))
	must(t, s.Stop())
	must(t, os.Rename(socket+".kept", socket))
	f, err := Open(dir, Options{})
	must(t, err)
	must(t, f.Close())
	if f.How() != "stopped" {
		t.Errorf("read as %s", f.How())
	}
	startNode(t, dir, nil)
	f, err = Open(dir, Options{})
	must(t, err)
	must(t, f.Close())
	if !strings.HasPrefix(f.How(), "running") {
		t.Errorf("read as %s", f.How())
	}
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info.Mode(), err)
	}
}

// A process that does not listen (an older one) is told from a stopped one.
func TestAProcessThatDoesNotListenIsSeenByItsLock(t *testing.T) {
	dir := t.TempDir()
	startNode(t, dir, func(o *node.Options) { o.NoInspect = true })
	f, err := Open(dir, Options{})
	must(t, err)
	defer f.Close()
	if !strings.HasPrefix(f.How(), "in use by process") {
		t.Errorf("read as %s", f.How())
	}
	if f.Store().ID != 1 {
		t.Error("whose it is was not read")
	}
}

// More look than the process lets in: the others are told, and those that are in
// are not disturbed.
func TestOnlyAFewMayLookAtATime(t *testing.T) {
	dir := t.TempDir()
	startNode(t, dir, nil)
	var all []*Folder
	for {
		f, err := Open(dir, Options{})
		if err != nil {
			break
		}
		if all = append(all, f); len(all) > 50 {
			t.Fatal("nobody was refused")
		}
	}
	for _, f := range all {
		if !f.host.holds() {
			t.Error("a pin was lost")
		}
		must(t, f.Close())
	}
}

// A view that the process had to let go is taken again, and what was read of the first
// one is not reported.
func TestALostViewIsTakenAgain(t *testing.T) {
	dir := t.TempDir()
	startNode(t, dir, nil)
	f, err := Open(dir, Options{Report: func(x Finding) { t.Error(x) }})
	must(t, err)
	defer f.Close()
	first := f.host
	must(t, first.conn.Close())
	sum, err := f.Verify(t.Context(), func(x Finding) { t.Error(x) })
	must(t, err)
	if f.host == nil || f.host == first || !f.host.holds() || !sum.InUse {
		t.Errorf("it was read as %s: %+v", f.How(), sum)
	}
}

// A node that ends while it is looked at leaves a stopped store, which is read.
func TestANodeThatEndsWhileItIsLookedAtIsReadAsStopped(t *testing.T) {
	dir := t.TempDir()
	s := startNode(t, dir, nil)
	f := open(t, dir)
	reads := 0
	f.steadily(func() {
		if reads++; reads == 1 {
			must(t, s.Stop())
		}
		f.readState()
	})
	if reads != 2 || f.How() != "stopped" {
		t.Errorf("it was read %d times, at last as %s", reads, f.How())
	}
}

// Where the view is lost and another cannot be had, what was read stays, the reason is no
// damage of the store, and it is said.
func TestAViewThatCannotBeHadAgainIsNoDamage(t *testing.T) {
	for _, c := range []struct {
		name string
		lose func(f *Folder, s *node.Server, cancel func())
	}{
		{"interrupted", func(_ *Folder, _ *node.Server, cancel func()) { cancel() }},
		{"the folder is gone", func(f *Folder, s *node.Server, _ func()) {
			must(t, s.Stop())
			must(t, os.Rename(f.dir, f.dir+".gone"))
		}},
		{"too many look", func(f *Folder, _ *node.Server, _ func()) {
			must(t, f.host.conn.Close())
			for n := range 100 {
				if other, err := Open(f.dir, Options{}); err != nil && n > 0 {
					return
				} else if err == nil {
					t.Cleanup(func() { _ = other.Close() })
				}
			}
			t.Fatal("nobody was refused")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "server-1")
			s := startNode(t, dir, nil)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			f, err := Open(dir, Options{Context: ctx, Report: func(x Finding) {
				if !x.Note {
					t.Errorf("called damage: %s", x)
				}
			}})
			must(t, err)
			defer f.Close()
			c.lose(f, s, cancel)
			if got := f.Store(); got.ID != 1 || f.Err() == nil {
				t.Errorf("it is the store of %d, error %v", got.ID, f.Err())
			}
			if _, err := f.Verify(t.Context(), func(Finding) {}); err == nil {
				t.Error("all of it was verified")
			}
			if _, err := Diff([]*Folder{f, f}); err == nil {
				t.Error("it was compared")
			}
		})
	}
}

// silentProcess listens in a folder like a process that is stopped, or hangs: it never
// answers. connected is closed when it was asked.
func silentProcess(t *testing.T, dir string) (connected chan struct{}) {
	t.Helper()
	path, done, err := storage.SocketPath(dir, storage.SocketName)
	must(t, err)
	defer done()
	listener, err := net.Listen("unix", path)
	must(t, err)
	connected = make(chan struct{})
	var conn net.Conn
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if conn, _ = listener.Accept(); conn != nil { // the end of the test closes the listener
			close(connected)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		if <-ended; conn != nil {
			_ = conn.Close()
		}
	})
	return connected
}

// A process that hangs keeps nobody from looking at its files.
func TestAProcessThatDoesNotAnswerIsReadByItsFiles(t *testing.T) {
	dir := t.TempDir()
	m := smallStore(t, dir)
	silentProcess(t, dir)
	before := askTime
	askTime = 20 * time.Millisecond
	t.Cleanup(func() { askTime = before })
	f := open(t, dir)
	if !strings.Contains(f.How(), "does not answer") || !f.Store().Log.InUse {
		t.Errorf("read as %s", f.How())
	}
	if all := everyEntry(t, f, 0); uint64(len(all)) != m.list.Length() {
		t.Errorf("%d entries, want %d", len(all), m.list.Length())
	}
}

// Who waits for a process that hangs can be interrupted.
func TestAskingEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	smallStore(t, dir)
	connected := silentProcess(t, dir)
	before := askTime
	askTime = time.Hour
	t.Cleanup(func() { askTime = before })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-connected
		cancel()
	}()
	if _, err := Open(dir, Options{Context: ctx}); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// Reading ends with its context, and what was cut short is not called damaged.
func TestReadingEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	smallStore(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	f, err := Open(dir, Options{Context: ctx, Report: func(x Finding) { t.Error(x) }})
	must(t, err)
	defer f.Close()
	cancel()
	f.State()
	if err := f.Chunks(0, func(*Chunk) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("the chunks: %v", err)
	}
	if err := f.Log(wal.Position{}, func(*LogEntry) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("the log: %v", err)
	}
}

// A named pipe in the place of a file is damage. To open it would wait for ever.
func TestAPipeInThePlaceOfAFileIsNotOpened(t *testing.T) {
	for _, pattern := range []string{storage.IdentityName, storage.DatabaseName, filepath.Join(storage.LogName, "*.wal")} {
		dir := t.TempDir()
		smallStore(t, dir)
		all, err := filepath.Glob(filepath.Join(dir, pattern))
		must(t, err)
		path := all[0]
		must(t, os.Remove(path))
		must(t, unix.Mkfifo(path, 0o600))
		found, sum := findings(t, dir)
		named := 0
		for _, x := range found {
			if strings.HasPrefix(x.String(), path) && strings.Contains(x.Detail, "no regular file") {
				named++
			}
		}
		if named == 0 || sum.LogRecords == 0 {
			t.Errorf("%s: %v: %+v", path, found, sum)
		}
	}
}
