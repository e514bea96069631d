package recovery

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paxos/protocol"
	"paxos/storage"
	"paxos/wal"
)

// The frames of a segment say by themselves whether they are whole: a byte of its header, or
// its end, takes no vote from a new cluster. A server refuses all of these.
func TestVotesBehindADamagedHeaderOrBeforeACutEndCount(t *testing.T) {
	for what, spoil := range map[string]func(file []byte) []byte{
		"a byte of the header": func(file []byte) []byte { file[3] ^= 'X'; return file },
		"the log's ID":         func(file []byte) []byte { file[25] ^= 1; return file },
		"the header":           func(file []byte) []byte { clear(file[:64]); return file },
		"the end":              func(file []byte) []byte { return file[:len(file)-1000] },
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			makeStore(t, dir, 2, 12, vote(3, 13), vote(3, 14), vote(3, 15))
			path := wal.SegmentPath(dir+"/"+storage.LogName, 1)
			file, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, spoil(file), 0o644))
			if _, _, err := open(dir, identity(2), false); err == nil {
				t.Fatal("a server starts on it")
			}
			mustTellOfVotes(t, dir, 3)
			p, where := found(t, true, dir)
			mustBegin(t, where, 15)
			mustHave(t, where, 1400)
			if text := p.text(); !strings.Contains(text, "0000000000000001.wal at offset 0") {
				t.Errorf("it does not say what is damaged:\n%s", text)
			}
		})
	}
}

// mustTellOfVotes holds the plan of a cut to what stands behind the damage.
func mustTellOfVotes(t *testing.T, dir string, votes int) {
	t.Helper()
	s, err := OpenStopped(dir)
	must(t, err)
	defer s.Close()
	l, err := s.Log(nil)
	must(t, err)
	if want := protocol.Instance(12 + votes); l.Behind.Votes != votes || l.Behind.Last != want || l.Before.Votes != 0 {
		t.Errorf("before the damage %+v, behind it %+v; want %d votes behind it, to instance %s", l.Before, l.Behind, votes, want)
	}
}

// What is damaged before the checkpoint's place is in no one's way, but it is not whole.
func TestDamageThatACheckpointPassedIsTold(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 2, 12, vote(3, 13))
	path := wal.SegmentPath(dir+"/"+storage.LogName, 1)
	file, err := os.ReadFile(path)
	must(t, err)
	file[64+9] ^= 1
	must(t, os.WriteFile(path, file, 0o644))
	f := take(t, dir)
	d, err := Examine(f)
	must(t, err)
	p := d.Begin()
	must(t, errors.Join(d.Store.Close(), f.Close()))
	if text := p.text(); !p.Idle || !strings.Contains(text, "0000000000000001.wal at offset 64") || !strings.Contains(text, "from the checkpoint on the log is whole") {
		t.Errorf("%s", text)
	}
	s, _, err := open(dir, identity(2), false)
	must(t, err)
	must(t, s.Close(nil))
}

// A log that is not there at all is damage as any other: what the checkpoint has is whole.
func TestAStoreWithoutItsLogIsTakenAsOneWithADamagedLog(t *testing.T) {
	for what, spoil := range map[string]func(log string) error{
		"the log is missing": func(log string) error { return os.RemoveAll(log) },
		"this is no folder":  func(log string) error { return errors.Join(os.RemoveAll(log), os.WriteFile(log, nil, 0o644)) },
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			makeStore(t, dir, 2, 12, vote(3, 13))
			must(t, spoil(filepath.Join(dir, storage.LogName)))
			s, err := OpenStopped(dir)
			must(t, err)
			if above, damage, err := s.Above(); above != 0 || damage == nil || err != nil {
				t.Errorf("%d votes above, damage %v: %v", above, damage, err)
			}
			must(t, s.Close())
			d, err := Examine(take(t, dir))
			must(t, err)
			p := d.Begin()
			must(t, errors.Join(d.Store.Close(), d.Folder.Close()))
			if text := p.text(); p.Idle || !strings.Contains(text, what) {
				t.Errorf("the cut: %s", text)
			}
			p, where := found(t, true, dir)
			mustHave(t, where, 1100)
			if text := p.text(); !strings.Contains(text, what) || !strings.Contains(text, "the votes of server 2") {
				t.Errorf("the new cluster: %s", text)
			}
		})
	}
}

// The header of the segment in which the checkpoint's place is stands before that place, but
// every start reads it.
func TestTheHeaderThatEveryStartReadsIsNotPassed(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 2, 12, vote(3, 13))
	path := wal.SegmentPath(dir+"/"+storage.LogName, 1)
	file, err := os.ReadFile(path)
	must(t, err)
	file[3] ^= 'X'
	must(t, os.WriteFile(path, file, 0o644))
	d, err := Examine(take(t, dir))
	must(t, err)
	p := d.Begin()
	must(t, errors.Join(d.Store.Close(), d.Folder.Close()))
	if text := p.text(); p.Idle || strings.Count(text, "0000000000000001.wal at offset 0") != 1 || strings.Contains(text, "no start reads") {
		t.Errorf("%s", text)
	}
}
