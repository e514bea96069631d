package recovery

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"paxos/storage"
)

// Holds are the names in the folder, besides those that an empty one may have: the
// lock, what repairs have left, and what the system puts into a disk's root.
func (f *Folder) Holds() (names []string, err error) {
	found, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, entry := range found {
		switch name := entry.Name(); {
		case name == lockPart, name == workName, name == storage.SocketName, name == "lost+found", strings.HasPrefix(name, beforeName):
		default:
			names = append(names, name)
		}
	}
	return names, err
}

// strangers are files in the folder that are no part of a store. They stay where they
// are: some cannot be moved, and a swap that has begun must come to its end.
func (f *Folder) strangers() ([]string, error) {
	names, err := f.Holds()
	return slices.DeleteFunc(names, func(name string) bool {
		part := strings.TrimSuffix(name, ".new") // one that was being made is of no meaning
		return name == logPart || part == databasePart || part == identityPart
	}), err
}

// planPut says what Swap does with the folder.
func (f *Folder) planPut(p *Plan) error {
	strangers, err := f.strangers()
	if err != nil {
		return fmt.Errorf("look into %s: %w", f.dir, err)
	}
	if len(strangers) > 0 {
		p.found("no part of a store, and left where it is: %s", strings.Join(strangers, ", "))
	}
	if f.exists(databasePart) || f.exists(logPart) || f.exists(identityPart) {
		p.step("put it into %s; the store that is there now is kept in a folder %sTIME within", f.dir, beforeName)
	} else {
		p.step("put it into %s", f.dir)
	}
	return nil
}
