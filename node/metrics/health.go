package metrics

import (
	"errors"
	"fmt"
	"time"
)

// hangs is for how long a loop may leave scrapes unanswered: a checkpoint that it
// waits for, and a machine that has a lot else to do, take less.
const hangs = 10 * time.Second

// Health says why a process is no good, nil if it is: for /healthz.
func (source Source) Health() error {
	f, known := source()
	switch {
	case !known:
		return errors.New("it has not opened its store yet")
	case f.Unanswered > hangs:
		return fmt.Errorf("its loop has not answered for %v: a disk hangs, or nobody reads its output", f.Unanswered.Round(time.Second))
	}
	return nil
}
