package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Fdatasync measures what an fdatasync of one block takes in a folder: the median
// of those of 300 ms, in a file whose blocks were written before.
func Fdatasync(dir string) (time.Duration, error) {
	const blocks, block = 256, 4096
	path := filepath.Join(dir, "probe")
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer os.Remove(path)
	defer f.Close()
	if _, err := f.Write(make([]byte, blocks*block)); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	var took []time.Duration
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		if _, err := f.WriteAt(make([]byte, block), int64(len(took)%blocks)*block); err != nil {
			return 0, err
		}
		before := time.Now()
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return 0, fmt.Errorf("measure fdatasync: %w", err)
		}
		took = append(took, time.Since(before))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
