package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The names of a repair in a store's folder; package recovery makes them. As long as
// RepairPlan and the new store's identity stand there, the new store is the one that
// counts, and is not in its place yet.
const (
	RepairName      = "repair" // the folder of a repair
	RepairPlanName  = "plan"   // in it: from here on the new store counts
	RepairStoreName = "store"  // in it: the folder of the new store
)

// refuseInterrupted refuses a folder in which an interrupted repair is to be
// finished. The old store may be whole there still, or the folder empty; but what is
// voted for in it would be thrown away by the end of the repair (rules 2 and 10). The
// new store's identity goes to its place last: a plan without it is of no meaning.
func refuseInterrupted(o Options) error {
	repair := filepath.Join(o.Dir, RepairName)
	for _, path := range []string{filepath.Join(repair, RepairPlanName), filepath.Join(repair, RepairStoreName, identityName)} {
		file, err := o.FS.OpenRead(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if errors.Is(err, unix.ENOTDIR) && isFile(o) {
			return noFolder(o)
		}
		if err != nil {
			return fmt.Errorf("look for an interrupted repair: %w", err)
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: an interrupted repair has put a new one into %s, which is not in its place yet: run paxos repair on the folder again, to finish it",
		ErrForeign, repair)
}
