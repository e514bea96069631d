package torture

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"paxos/internal/process"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// played is a fleet of shells that play members.
type played struct {
	t      *testing.T
	set    *process.Set
	all    []member
	dir    string
	script string // that each plays
	latest []*process.Process
	starts []int
}

func newPlayed(t *testing.T, count int, script string) *played {
	f := &played{t: t, set: process.NewSet(), all: serverMembers(count), dir: t.TempDir(), script: script}
	f.latest, f.starts = make([]*process.Process, count), make([]int, count)
	t.Cleanup(f.set.Close)
	return f
}

func (f *played) members() []member              { return f.all }
func (f *played) process(i int) *process.Process { return f.latest[i] }
func (f *played) leader(context.Context) int     { return 0 }
func (f *played) ready(context.Context) error    { return nil }
func (f *played) started(context.Context) error  { return nil }
func (f *played) store(i int) string             { return filepath.Join(f.dir, "store", f.all[i].name) }
func (f *played) log(i int) string               { return filepath.Join(f.dir, f.all[i].name) }
func (f *played) stop() error                    { return f.set.Stop() }
func (f *played) close()                         { f.set.Close() }

func (f *played) start(i int) (err error) {
	f.starts[i]++
	f.latest[i], err = f.set.Start(process.Spec{
		Name: f.all[i].name, Binary: "/bin/sh", Args: []string{"-c", f.script}, Log: f.log(i),
	})
	return err
}

// needRoot skips a test that can't do without, and says so.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("namespaces and small disks need root")
	}
}

// writeServers writes the cluster file of a folder.
func writeServers(t *testing.T, dir, text string) {
	t.Helper()
	ok(t, os.WriteFile(filepath.Join(dir, "servers"), []byte(text+"\n"), 0o644))
}
