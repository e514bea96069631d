package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"paxos/storage"
	"paxos/vfs"
	"paxos/wal"
)

// readIdentity reads the file whose presence makes a folder a store. Where it is missing
// beside the rest of a store, that is damage.
func (f *Folder) readIdentity() error {
	path := f.path(storage.IdentityName)
	f.identity, f.whole, f.found = storage.Identity{}, false, ""
	text, err := readSmall(path, storage.MaxIdentityBytes)
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w in %s: it is a file, not a folder", storage.ErrNotFormatted, f.dir)
	case errors.Is(err, fs.ErrNotExist) && !hasStore(f.dir):
		return f.noStore()
	case errors.Is(err, fs.ErrNotExist):
		f.damaged(path, -1, "the file is missing")
		return nil
	case errors.Is(err, fs.ErrPermission):
		return err
	}
	if err == nil {
		f.identity, err = storage.DecodeIdentity(text)
	}
	if err != nil {
		f.damaged(path, 0, "%v", err)
		return nil
	}
	f.whole = true
	return f.checkFormat()
}

func (f *Folder) checkFormat() error {
	if f.identity.Version == storage.FormatVersion {
		return nil
	}
	return fmt.Errorf("%w: %s has format %d, this program reads format %d: use the program that made it",
		storage.ErrForeign, f.dir, f.identity.Version, storage.FormatVersion)
}

// findIdentity looks for the identity in the database, and then in the log, which have it
// too. What is damaged there is reported by those who read them.
func (f *Folder) findIdentity() error {
	report := f.report
	f.report = func(Finding) {}
	defer func() { f.report = report }()
	take := func(id storage.Identity, where string) error {
		f.identity, f.found = id, where
		return errEnough
	}
	_ = f.values(storage.BucketMeta, []byte(storage.KeyIdentity), func(v stored) error {
		if id, err := storage.DecodeIdentity(v.value); err == nil && string(v.key) == storage.KeyIdentity {
			return take(id, storage.DatabaseName)
		}
		return errEnough
	})
	if f.found == "" {
		_ = f.everything(wal.Position{}, func(e *LogEntry) error {
			if e.Kind == wal.KindRecord && e.Type == storage.RecordFormatted && e.Detail == "" {
				return take(e.Identity, storage.LogName)
			}
			return nil
		})
	}
	if f.found == "" {
		return f.ctx.Err()
	}
	return f.checkFormat()
}

// Found says where the identity was found if its own file cannot be read: in a file or
// folder of that name. "" means that the file was read, or that it was found nowhere.
func (f *Folder) Found() string { return f.found }

// noStore says what else is there: often the folder above was named.
func (f *Folder) noStore() error {
	if _, err := os.Stat(f.dir); err != nil {
		return fmt.Errorf("%w in %s: %w", storage.ErrNotFormatted, f.dir, err)
	}
	stores := Stores(f.dir)
	if len(stores) == 0 {
		return fmt.Errorf("%w in %s: it has no file %q", storage.ErrNotFormatted, f.dir, storage.IdentityName)
	}
	return fmt.Errorf("%w in %s itself, but there are %d in folders under it: name one of them, say %s",
		storage.ErrNotFormatted, f.dir, len(stores), stores[0])
}

// hasStore reports whether a folder holds a store, or a part of one; yes, if this user may
// not look into it: who opens it is told so, where nobody would miss what was left out.
func hasStore(dir string) bool {
	for _, name := range []string{storage.IdentityName, storage.DatabaseName} {
		_, err := os.Stat(filepath.Join(dir, name))
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return true
		}
	}
	files, err := wal.Files(vfs.OS{}, filepath.Join(dir, storage.LogName))
	return len(files) > 0 || errors.Is(err, fs.ErrPermission)
}

// Stores are the folders that hold stores: dir itself, or those right under it, in the
// order of their names.
func Stores(dir string) (stores []string) {
	if hasStore(dir) {
		return []string{dir}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); hasStore(path) {
			stores = append(stores, path)
		}
	}
	return stores
}
