package measure

import (
	"fmt"
	"os"
	"time"

	"paxos/internal/process"
)

// Usage is what processes use together.
type Usage struct {
	CPU     time.Duration // user and system, since their starts
	PeakRSS int64         // bytes, mapped file pages included, since ResetPeaks
	Anon    int64         // bytes of anonymous memory, now: what is neither program nor mapped file
}

// Of adds up what processes use.
func Of(all []*process.Process) (sum Usage, err error) {
	for _, p := range all {
		u, err := p.Usage()
		if err != nil {
			return sum, err
		}
		sum.CPU += u.CPU
		sum.PeakRSS += u.PeakRSS
		sum.Anon += u.RSSAnon
	}
	return sum, nil
}

// ResetPeaks lets the peak of each process's memory begin at what it has now.
func ResetPeaks(all []*process.Process) error {
	for _, p := range all {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.Pid()), []byte("5"), 0); err != nil {
			return fmt.Errorf("reset the peak of %s's memory: %w", p, err)
		}
	}
	return nil
}

// settled is the share of one core below which a system counts as idle.
const settled = 0.1

// settleStep is how long it is looked at each time.
const settleStep = 100 * time.Millisecond

// Settle waits until processes have become idle, but no longer than most: what a
// system does after its answers, like compaction, is work for them.
func Settle(all []*process.Process, most time.Duration) error {
	for end := time.Now().Add(most); time.Now().Before(end); {
		before, err := Of(all)
		if err != nil {
			return err
		}
		time.Sleep(settleStep)
		after, err := Of(all)
		if err != nil {
			return err
		}
		if float64(after.CPU-before.CPU) <= settled*float64(settleStep) {
			return nil
		}
	}
	return nil
}
