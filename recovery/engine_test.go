package recovery

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paxos/engine"
	"paxos/internal/servers"
	"paxos/storage"
)

// ledger is the state machine of a program. Its commands are numbered for each caller;
// it notices one that is missing, or there twice.
type ledger struct {
	Last  [callers]uint32
	Count uint64
	Wrong string
}

const callers = 32

func (l *ledger) Apply(command []byte) any {
	caller, number := command[0], binary.LittleEndian.Uint32(command[1:])
	if number != l.Last[caller]+1 && l.Wrong == "" {
		l.Wrong = fmt.Sprintf("command %d of caller %d after %d", number, caller, l.Last[caller])
	}
	l.Last[caller] = number
	l.Count++
	return nil
}

func (l *ledger) Snapshot(w io.Writer) error { return gob.NewEncoder(w).Encode(l) }

func (l *ledger) Restore(r io.Reader) error {
	*l = ledger{}
	return gob.NewDecoder(r).Decode(l)
}

// order is a command; it does not compress.
func order(caller int, number uint32) []byte {
	command := binary.LittleEndian.AppendUint32([]byte{byte(caller)}, number)
	for len(command) < 512 {
		command = binary.LittleEndian.AppendUint64(command, rand.Uint64())
	}
	return command
}

// With this variable the test program is the one that is killed: its value is a
// folder, bytes between images and between checkpoints, and addresses.
const childVariable = "PAXOS_RECOVERY_TEST_CHILD"

func TestMain(m *testing.M) {
	if what := strings.Fields(os.Getenv(childVariable)); len(what) > 0 {
		fmt.Println(child(what[0], what[1], what[2], what[3:]))
		os.Exit(1) // it is to be killed
	}
	os.Exit(m.Run())
}

// child runs two nodes of three, so that each of them has voted for everything that is
// acknowledged; and says what is.
func child(dir, snapshot, checkpoint string, peers []string) error {
	o := engine.Options{Peers: peers, Init: true}
	if _, err := fmt.Sscan(snapshot+" "+checkpoint, &o.SnapshotBytes, &o.CheckpointBytes); err != nil {
		return err
	}
	var nodes []*engine.Engine
	for i, self := range peers[:2] {
		o.Dir, o.Self, o.Machine = filepath.Join(dir, fmt.Sprint(i+1)), self, &ledger{}
		e, err := engine.Start(context.Background(), o)
		if err != nil {
			return err
		}
		nodes = append(nodes, e)
	}
	failed := make(chan error)
	for caller := range callers {
		go func() {
			for number := uint32(1); ; number++ {
				if _, err := nodes[caller%2].Propose(context.Background(), order(caller, number)); err != nil {
					failed <- err
					return
				}
				fmt.Println("done", caller, number)
			}
		}()
	}
	return <-failed
}

// killedCluster is a cluster that was killed when it had acknowledged enough: the
// folders of its two nodes that ran, and what each caller was told.
func killedCluster(t *testing.T, snapshot, checkpoint, enough int) (dirs [2]string, acked [callers]uint32) {
	t.Helper()
	peers, err := servers.FreeAddresses(3)
	must(t, err)
	dir := t.TempDir()
	cmd := exec.CommandContext(patient(t), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d %s", childVariable, dir, snapshot, checkpoint, strings.Join(peers, " ")))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	total := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var caller int
		var number uint32
		if _, err := fmt.Sscanf(lines.Text(), "done %d %d", &caller, &number); err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		acked[caller] = number
		if total++; total == enough {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait() // it was killed
	if total < enough {
		t.Fatalf("it ended after %d commands, before it was killed", total)
	}
	return [2]string{filepath.Join(dir, "1"), filepath.Join(dir, "2")}, acked
}

// patient is the bound of everything that must happen some day.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// program is one node of a program with a ledger, on a folder.
type program struct {
	*engine.Engine
	ledger *ledger
}

func startProgram(t *testing.T, o engine.Options) program {
	t.Helper()
	p := program{ledger: &ledger{}}
	o.Machine = p.ledger
	var err error
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		p.Engine, err = engine.Start(patient(t), o)
		// The address was somebody's a moment ago, a dialling connection's perhaps.
		if err == nil || !errors.As(err, new(*net.OpError)) || time.Now().After(end) {
			break
		}
	}
	must(t, err)
	t.Cleanup(func() { _ = p.Stop() })
	return p
}

// look is a copy of the ledger.
func (p program) look(t *testing.T) (l ledger) {
	t.Helper()
	must(t, p.Query(patient(t), func() { l = *p.ledger }))
	if l.Wrong != "" {
		t.Errorf("%s", l.Wrong)
	}
	return l
}

// imagesOf are the images in a folder, and how long its list is.
func imagesOf(t *testing.T, dir string) (named storage.Images, length uint64) {
	t.Helper()
	s, err := OpenStopped(dir)
	must(t, err)
	defer s.Close()
	return s.Images(), s.Length()
}

// goesOn holds the first node of a new cluster to what its callers know; proposes more;
// and has a second node join, which must come to the same. It returns what the first
// node began with.
func goesOn(t *testing.T, dir, address string) ledger {
	t.Helper()
	first := engine.Options{Dir: dir, Self: address}
	p := startProgram(t, first)
	began := p.look(t)
	for n := range uint32(40) {
		if _, err := p.Propose(patient(t), order(0, began.Last[0]+1+n)); err != nil {
			t.Fatal(err)
		}
	}
	other, err := servers.FreeAddresses(1)
	must(t, err)
	must(t, p.AddMember(patient(t), other[0]))
	second := engine.Options{Dir: t.TempDir(), Self: other[0], Peers: []string{address}, Join: true}
	q := startProgram(t, second)
	for again := range 2 {
		if again > 0 {
			must(t, errors.Join(q.Stop(), p.Stop()))
			p, q = startProgram(t, first), startProgram(t, second)
		}
		a, b := p.look(t), q.look(t)
		if a != b || a.Count != began.Count+40 {
			t.Errorf("one has %d commands, the other %d, want %d", a.Count, b.Count, began.Count+40)
		}
	}
	return began
}

func TestAfterTheLossOfAMajorityAProgramHasWhatWasAcknowledged(t *testing.T) {
	for what, c := range map[string]struct{ checkpoint, survivors int }{
		"images behind the checkpoint": {16 << 10, 2}, // not the same ones
		"images ahead of it":           {600 << 10, 1},
	} {
		t.Run(what, func(t *testing.T) {
			dirs, acked := killedCluster(t, 48<<10, c.checkpoint, 1600)
			backupHasWhatIsKnown(t, dirs[0])
			if named, _ := imagesOf(t, dirs[0]); named.Kept == 0 {
				t.Fatalf("before the loss: %+v", named)
			}
			address, err := servers.FreeAddresses(1)
			must(t, err)
			plan, dir := foundAt(t, address[0], true, dirs[:c.survivors]...)
			began := goesOn(t, dir, address[0])
			for caller, last := range began.Last {
				if last < acked[caller] || last > acked[caller]+1 {
					t.Errorf("caller %d: %d commands, acknowledged were %d; the plan said\n%s", caller, last, acked[caller], plan.text())
				}
			}
		})
	}
}

// backupHasWhatIsKnown restores a backup of a folder, which has what the checkpoint or the
// image had, whichever was more: both were decided.
func backupHasWhatIsKnown(t *testing.T, from string) {
	t.Helper()
	named, length := imagesOf(t, from)
	address, err := servers.FreeAddresses(1)
	must(t, err)
	dir := filepath.Join(t.TempDir(), "restored")
	restoreBackup(t, from, dir, address[0])
	began := startProgram(t, engine.Options{Dir: dir, Self: address[0]}).look(t)
	if began.Count != max(length, named.Newest.Index) {
		t.Errorf("a backup has %d commands, the list had %d, the image %d", began.Count, length, named.Newest.Index)
	}
}

// restoreBackup makes a backup of a folder, and the first store of a new cluster of it.
func restoreBackup(t *testing.T, from, dir, address string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup")
	out, err := os.Create(file)
	must(t, err)
	s, err := OpenStopped(from)
	must(t, err)
	_, err = s.Backup(out, time.UnixMilli(1), nil)
	must(t, errors.Join(err, s.Close(), out.Close()))
	source, err := OpenBackup(file)
	must(t, err)
	defer source.Close()
	foundOn(t, source, dir, address)
}

// foundOn makes the first store of a new cluster of a source.
func foundOn(t *testing.T, source Source, dir, address string) {
	t.Helper()
	n := Foundation{Folder: take(t, dir), Address: address, Cluster: newCluster, Name: "second", Source: source, Now: time.UnixMilli(1)}
	p := &Plan{}
	must(t, n.Plan(t.Context(), p, nil))
	must(t, p.Do(t.Context(), func(string, ...any) {}))
	must(t, n.Folder.Close())
}

// The log is damaged behind the checkpoint, and so votes are missing that the image
// stands for.
func TestAnImageKeepsWhatADamagedLogHasLost(t *testing.T) {
	dirs, acked := killedCluster(t, 48<<10, 1<<30, 250)
	damage(t, dirs[0])
	named, length := imagesOf(t, dirs[0])
	if named.Newest.Index <= length {
		t.Fatalf("before the loss: %+v, and %d entries", named, length)
	}
	address, err := servers.FreeAddresses(1)
	must(t, err)
	plan, dir := foundAt(t, address[0], true, dirs[0])
	if !strings.Contains(strings.Join(plan.Lost, "\n"), "where its log is damaged") {
		t.Errorf("the plan says:\n%s", plan.text())
	}
	began := goesOn(t, dir, address[0])
	if began.Count != named.Newest.Index {
		t.Errorf("%d commands, the image was of %d", began.Count, named.Newest.Index)
	}
	for caller, last := range began.Last {
		if last > acked[caller]+1 {
			t.Errorf("caller %d: %d commands, acknowledged were %d", caller, last, acked[caller])
		}
	}
}
