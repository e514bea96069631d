package recovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"paxos/storage"
	"paxos/vfs"
)

// The names in a store's folder that are ours.
const (
	workName   = storage.RepairName      // where the new store is made
	storeName  = storage.RepairStoreName // in it: the new store, whole once the plan is there
	planName   = storage.RepairPlanName  // in it: says that the new store goes into the place of the old one
	beforeName = "before-"               // and the time: what was in the folder before
)

// The parts of a store, in the order in which they are put in their places. The
// identity is the last part, and put there in one step. Until then storage.Open refuses
// the folder if the plan stands, with --init too (row 19 of the table in docs/storage.md).
const (
	databasePart = "checkpoint.db"
	logPart      = "log"
	identityPart = "identity"
	lockPart     = "lock"
)

// Folder is a store's folder that no server runs on, as long as we have its lock.
type Folder struct {
	dir  string
	lock io.Closer // nil while the folder is missing: to look must not make it
	// step is told before every change on the disk; an error of it ends the work
	// there and then. Tests crash by it.
	step func(what string) error
}

// Take takes the lock of a folder. One that is missing is made when something is to
// be put into it. The error is storage.ErrLocked if a process runs on it.
func Take(dir string) (*Folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{dir: dir, step: func(string) error { return nil }}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	return f, f.take()
}

func (f *Folder) take() (err error) {
	f.lock, err = vfs.OS{}.Lock(f.path(lockPart))
	if errors.Is(err, vfs.ErrLocked) {
		return fmt.Errorf("%w: %s: stop the process that runs on it first", storage.ErrLocked, f.dir)
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.dir, storage.Denied(err, f.dir))
	}
	return nil
}

// ensure makes the folder, and takes its lock, if it was missing.
func (f *Folder) ensure() error {
	if f.lock != nil {
		return nil
	}
	if err := (vfs.OS{}).MkdirAll(f.dir); err != nil {
		return err
	}
	if err := f.take(); err != nil {
		return err
	}
	if f.exists(identityPart) {
		return fmt.Errorf("%w: %s was missing, and holds a store now: look at it, and run the command again", storage.ErrForeign, f.dir)
	}
	return nil
}

// Close lets the folder go.
func (f *Folder) Close() error {
	if f.lock == nil {
		return nil
	}
	lock := f.lock
	f.lock = nil
	return lock.Close()
}

func (f *Folder) path(names ...string) string {
	return filepath.Join(append([]string{f.dir}, names...)...)
}

// swapPlan is the content of the plan's file.
type swapPlan struct {
	Before string `json:"before"` // the folder for what was there
	Plan   Plan   `json:"plan"`   // what was allowed, for whoever must finish it
}

// Unfinished reports whether a Swap was interrupted when its plan stood already: it
// must be finished, and nothing else can be done before.
func (f *Folder) Unfinished() (bool, error) {
	_, err := os.Stat(f.path(workName, planName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Swap makes a new store with build, in a folder that is named to it, and puts it
// in the place of what is here, which it keeps in the folder whose name it returns;
// "" if there was nothing. p is what was allowed.
func (f *Folder) Swap(now time.Time, p *Plan, build func(dir string) error) (before string, err error) {
	if err := f.ensure(); err != nil {
		return "", err
	}
	if unfinished, err := f.Unfinished(); err != nil || unfinished {
		return "", errors.Join(err, fmt.Errorf("%s: an earlier repair must be finished first", f.dir))
	}
	if err := f.change("clear "+workName, func() error { return os.RemoveAll(f.path(workName)) }); err != nil {
		return "", err
	}
	if err := build(f.path(workName, storeName)); err != nil {
		return "", err
	}
	if err := f.writePlan(swapPlan{Before: beforeName + now.UTC().Format("20060102T150405.000Z"), Plan: *p}); err != nil {
		return "", err
	}
	return f.Finish()
}

// writePlan is the commit point: from now on the new store is the one that counts.
func (f *Folder) writePlan(p swapPlan) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	draft := f.path(workName, planName+".new")
	err = f.change("write the plan", func() error { return writeSynced(draft, data) })
	if err != nil {
		return err
	}
	return f.rename(draft, f.path(workName, planName))
}

func (f *Folder) readPlan() (p swapPlan, err error) {
	data, err := os.ReadFile(f.path(workName, planName))
	if err != nil {
		return p, fmt.Errorf("read the plan of a repair: %w", err)
	}
	if err := json.Unmarshal(data, &p); err != nil || !strings.HasPrefix(p.Before, beforeName) || filepath.Base(p.Before) != p.Before {
		return p, fmt.Errorf("%s is no plan of a repair: %q", f.path(workName, planName), data)
	}
	return p, nil
}

// Finish puts the new store in its place, from wherever it was interrupted.
func (f *Folder) Finish() (before string, err error) {
	p, err := f.readPlan()
	if err != nil {
		return "", err
	}
	if err := f.putInPlace(p.Before); err != nil {
		return "", fmt.Errorf("put the new store in its place (run the repair again to finish it): %w", err)
	}
	if os.Remove(f.path(p.Before)) == nil { // nothing was there
		p.Before = ""
	}
	err = f.change("remove "+workName, func() error { return f.removeWork() })
	return p.Before, err
}

// keptIn says where Swap or Finish has put what was there.
func keptIn(before string) string {
	if before == "" {
		return ""
	}
	return "; what was there is in " + before
}

// removeWork removes the plan last: what is left without it is of no meaning.
func (f *Folder) removeWork() error {
	if err := os.RemoveAll(f.path(workName, storeName)); err != nil {
		return err
	}
	if err := os.RemoveAll(f.path(workName)); err != nil {
		return err
	}
	return vfs.OS{}.SyncDir(f.dir)
}

// putInPlace does every step that is not done yet; each of them can be told by what
// stands where.
func (f *Folder) putInPlace(before string) error {
	if !f.exists(workName, storeName, identityPart) {
		return nil // it is in its place, and so is everything else
	}
	if err := f.change("make "+before, func() error { return vfs.OS{}.MkdirAll(f.path(before)) }); err != nil {
		return err
	}
	for _, part := range []string{databasePart, logPart} {
		if err := f.putPart(before, part); err != nil {
			return err
		}
	}
	return f.putIdentity(before)
}

// putPart moves the old part away, and the new one in its place.
func (f *Folder) putPart(before, part string) error {
	if !f.exists(workName, storeName, part) {
		return nil
	}
	if f.exists(part) {
		if err := f.rename(f.path(part), f.path(before, part)); err != nil {
			return err
		}
	}
	return f.rename(f.path(workName, storeName, part), f.path(part))
}

// putIdentity keeps a copy of the old identity, and puts the new one over it in
// one step.
func (f *Folder) putIdentity(before string) error {
	old, err := os.ReadFile(f.path(identityPart))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		err = f.change("keep the identity", func() error { return writeSynced(f.path(before, identityPart), old) })
		if err != nil {
			return err
		}
		if err := (vfs.OS{}).SyncDir(f.path(before)); err != nil {
			return err
		}
	}
	return f.rename(f.path(workName, storeName, identityPart), f.path(identityPart))
}

func (f *Folder) exists(names ...string) bool {
	_, err := os.Lstat(f.path(names...))
	return err == nil
}

// rename moves a file or folder, durably.
func (f *Folder) rename(from, to string) error {
	return f.change("move "+from+" to "+to, func() error {
		if err := os.Rename(from, to); err != nil {
			return err
		}
		return errors.Join(vfs.OS{}.SyncDir(filepath.Dir(to)), vfs.OS{}.SyncDir(filepath.Dir(from)))
	})
}

func (f *Folder) change(what string, do func() error) error {
	if err := f.step(what); err != nil {
		return err
	}
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// writeSynced writes a file, over one that may be there.
func writeSynced(path string, data []byte) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}
