package recovery

import (
	"errors"
	"fmt"
	"io/fs"

	"paxos/inspect"
	"paxos/storage"
)

// Whose tells whose store a folder holds: as its file "identity" says, or, where that is
// missing or damaged, as its database or log says, which where then names. The error is
// storage.ErrNotFormatted if no part of a store is there, storage.ErrCorrupt if no part
// says it.
func Whose(dir string) (id storage.Identity, where string, err error) {
	id, err = storage.ReadIdentity(dir)
	if err == nil || errors.Is(err, fs.ErrPermission) {
		return id, "", err
	}
	folder, looked := inspect.Open(dir, inspect.Options{})
	switch {
	case errors.Is(looked, storage.ErrNotFormatted):
		return id, "", err
	case looked != nil:
		return id, "", looked
	}
	id, found := folder.Identity()
	where = folder.Found()
	if closed := folder.Close(); closed != nil {
		return id, "", closed
	}
	if !found {
		return id, "", fmt.Errorf("%w: neither identity nor database nor log in %s says it", storage.ErrCorrupt, dir)
	}
	return id, where, nil
}
