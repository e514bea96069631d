package inspect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"paxos/storage"
	"paxos/storage/kv/pages"
)

// Options say how a folder is looked at.
type Options struct {
	// Report is told of everything that is wrong. nil: nobody is.
	Report func(Finding)
	// Context ends what is under way: then the folder's methods return its error, and
	// what State and Store say is not the whole. nil: nothing does.
	Context context.Context
}

// Folder is a node's data folder, to be looked at. Its methods are for one goroutine.
type Folder struct {
	ctx      context.Context
	dir      string
	report   func(Finding)
	identity storage.Identity
	whole    bool   // the file of the identity was read
	found    string // where else the identity was found; "": nowhere

	db      *os.File // nil: it cannot be opened
	file    *pages.File
	meta    pages.Meta
	hasMeta bool
	opening []Finding // met when it was opened; State reports them
	damage  []Finding // what was reported as damaged, each once, at most maxDamage
	state   *State    // what State has read

	host   *host  // the running process that has pinned a view; nil: none
	holder int    // a process that has the folder, and cannot be asked; 0: none is known
	lost   error  // why the view that was lost could not be had again; nil: it is there
	silent string // why the process that has the folder cannot be asked; "": none has it
}

// Open opens a folder to look at it. The error is storage.ErrNotFormatted if no
// store is in it, storage.ErrForeign if its format is not this program's. A damaged
// store is opened, that without its identity, too: see State and Verify. The error
// is of the class fs.ErrPermission if this user may not read all of it: that is no damage.
func Open(dir string, o Options) (*Folder, error) {
	f := &Folder{dir: dir, ctx: o.Context}
	if f.ctx == nil {
		f.ctx = context.Background()
	}
	f.report = func(x Finding) { f.met(x, o.Report) }
	if err := f.open(); err != nil {
		return nil, errors.Join(storage.Denied(err, dir), f.Close())
	}
	return f, nil
}

// maxDamage findings are kept for those who sum a folder up.
const maxDamage = 100

// met keeps what is damaged, and reports it, unless it was already.
func (f *Folder) met(x Finding, report func(Finding)) {
	if !x.Note && slices.Contains(f.damage, x) || f.ctx.Err() != nil { // what was cut short looks damaged
		return
	}
	if !x.Note && len(f.damage) < maxDamage {
		f.damage = append(f.damage, x)
	}
	if report != nil {
		report(x)
	}
}

func (f *Folder) open() error {
	if err := f.readIdentity(); err != nil {
		return err
	}
	if err := f.pin(); err != nil {
		return err
	}
	if err := f.openDatabase(); err != nil {
		return err
	}
	if err := f.mayReadLog(); err != nil || f.whole {
		return err
	}
	return f.findIdentity()
}

// Close lets the folder go.
func (f *Folder) Close() error {
	if f.host != nil {
		f.host.close()
	}
	if f.db == nil {
		return nil
	}
	return f.db.Close()
}

// Dir is the folder's path.
func (f *Folder) Dir() string { return f.dir }

// Damage is what was found damaged so far, at most 100 places of it. What Verify finds
// it hands over itself.
func (f *Folder) Damage() []Finding { return f.damage }

// Identity is whose store it is; ok is false if that cannot be read.
func (f *Folder) Identity() (id storage.Identity, ok bool) {
	return f.identity, f.whole || f.found != ""
}

func (f *Folder) path(name string) string { return filepath.Join(f.dir, name) }

// damaged is for what is met on opening.
func (f *Folder) damaged(file string, offset int64, format string, args ...any) {
	f.opening = append(f.opening, Finding{File: file, Offset: offset, Detail: fmt.Sprintf(format, args...)})
}

func readSmall(path string, limit int64) ([]byte, error) {
	info, err := regular(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%d bytes, where at most %d belong", info.Size(), limit)
	}
	return os.ReadFile(path)
}

// openDatabase opens the file of the database and chooses its newest meta page.
func (f *Folder) openDatabase() error {
	path := f.path(storage.DatabaseName)
	db, err := openRegular(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.damaged(path, -1, "the database is missing")
		return nil
	case errors.Is(err, errIrregular):
		f.damaged(path, -1, "%v", err)
		return nil
	case err != nil:
		return err
	}
	info, err := db.Stat()
	if err != nil {
		return errors.Join(err, db.Close())
	}
	f.db, f.file = db, pages.New(path, &gentle{ReaderAt: db, running: f.Running, since: time.Now()}, info.Size())
	if f.host != nil {
		f.meta, f.hasMeta = f.host.meta, true
		return nil
	}
	meta, problems, err := f.file.Newest()
	for _, p := range problems {
		if err == nil { // the other one is whole
			p.Detail += " (a crash within a checkpoint can leave that, too)"
		}
		f.damaged(path, p.Offset, "%s", p.Detail)
	}
	f.meta, f.hasMeta = meta, err == nil
	return nil
}
