package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"paxos/internal/torture/history"
	"paxos/internal/torture/judge"
	"paxos/internal/torture/report"
)

// The checks of a run, beside those of its history.
const (
	checkAnswers   = "answers"      // no server answered what none may answer
	checkProcesses = "processes"    // none ended that no nemesis ended
	checkAvailable = "availability" // once all is healed, an append is done soon
	checkFinal     = "final state"  // then all members have the same
	checkShutdown  = "shutdown"     // and end cleanly
)

// failedCheck says that the cluster broke a promise.
type failedCheck struct {
	name string
	err  error
}

func (f *failedCheck) Error() string { return f.name + ": " + f.err.Error() }
func (f *failedCheck) Unwrap() error { return f.err }

// namedCheck is the outcome of a check; nil is good.
type namedCheck struct {
	name string
	err  error
}

// check notes that a check passed, or returns how it failed.
func (r *run) check(name string, err error) error {
	if err != nil {
		return &failedCheck{name, err}
	}
	r.checks = append(r.checks, namedCheck{name, nil})
	return nil
}

// Result is what a run found. Its checks are those of the history, and those above.
type Result struct {
	*judge.Verdict

	Dir     string  `json:"dir"`
	Seconds float64 `json:"run_seconds"` // of the clients and nemeses
	Rate    float64 `json:"rate"`        // operations done a second
	// UnavailableSeconds is how long no append was done after all was healed.
	UnavailableSeconds float64 `json:"unavailable_seconds"`
	// LongestGapSeconds is the longest time without an operation that was done.
	LongestGapSeconds float64 `json:"longest_gap_seconds"`
	Harm              int     `json:"harm"`      // how often a nemesis began to do harm
	DiskEnds          int     `json:"disk_ends"` // processes that a full disk ended
}

// OK says if every check passed.
func (r *Result) OK() bool { return r.Verdict != nil && r.Valid == judge.Valid }

// WriteText tells people how the run went.
func (r *Result) WriteText(w io.Writer) error {
	if err := r.Verdict.WriteText(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%.1f s, %.0f operations a second; harm was done %d times; the longest time without an operation that was done: %.2f s.\n"+
		"Available %.2f s after all was healed.\n", r.Seconds, r.Rate, r.Harm, r.LongestGapSeconds, r.UnavailableSeconds)
	if err == nil && r.DiskEnds > 0 {
		_, err = fmt.Fprintf(w, "A full disk ended %d processes; they were started again.\n", r.DiskEnds)
	}
	return err
}

// conclude judges the run, however it ended, and leaves its folder in order. err is how it
// ended.
func (r *run) conclude(ctx context.Context, err error) error {
	var broken *failedCheck
	switch {
	case ctx.Err() != nil:
		err = errors.New("interrupted")
	case errors.As(err, &broken):
		r.checks = append(r.checks, namedCheck{broken.name, broken.err})
		err = nil
	}
	r.enter("checking")
	r.world.fleet.close() // the logs are complete then
	r.workload.close()
	ops, bands := r.recorder.Ops(), r.deeds.all()
	if err == nil {
		err = r.judge(ops, bands)
	}
	return errors.Join(err, r.leave(ops, bands))
}

// judgePatience is how long a judge may search. A hundred thousand operations take seconds.
const judgePatience = 5 * time.Minute

// judge makes the verdict.
func (r *run) judge(ops []history.Op, bands []report.Band) error {
	v, err := judge.Check(ops, r.model(), judgePatience)
	if err != nil {
		return err
	}
	for _, c := range r.checks {
		v.Add(c.name, c.err)
	}
	r.result.Verdict = v
	r.result.Harm = len(bands)
	r.result.LongestGapSeconds, r.result.Seconds = gaps(ops)
	if r.result.Seconds > 0 {
		r.result.Rate = float64(v.Counts.OK) / r.result.Seconds
	}
	return nil
}

// gaps are the longest time without an operation that was done, and the time from the first
// operation to the last one, in seconds.
func gaps(ops []history.Op) (longest, all float64) {
	last, first := int64(-1), int64(0)
	for _, o := range ops {
		switch {
		case !o.ByClient():
		case last < 0:
			last, first = o.Time, o.Time
		case o.Type == history.OK:
			longest = max(longest, time.Duration(o.Time-last).Seconds())
			last = o.Time
		}
	}
	return longest, time.Duration(last - first).Seconds()
}

// models say by which rules a workload's history is judged.
var models = map[string]string{Append: judge.Append, Register: judge.Register, Roles: judge.Roles, KV: judge.Register}

func (r *run) model() string { return models[r.Workload] }

// leave writes all that a run leaves in its folder.
func (r *run) leave(ops []history.Op, bands []report.Band) error {
	errs := []error{
		r.collectLogs(),
		r.keepStores(!r.result.OK()),
		r.writeJSON(report.NemesisFile, bands),
		r.writeFile(report.HistoryFile, func(w io.Writer) error { return history.WriteEDN(w, ops) }),
	}
	if r.Workload != KV { // Elle has no word for a deletion
		errs = append(errs, r.writeFile(report.ElleFile, func(w io.Writer) error { return history.WriteElle(w, ops) }))
	}
	var witness judge.Witness
	if v := r.result.Verdict; v != nil {
		witness = v.Witness
		errs = append(errs, r.writeJSON(report.VerdictFile, &r.result), r.writeFile(report.PorcupineFile, v.WriteHTML))
	}
	return errors.Join(append(errs, report.Write(r.Dir, ops, bands, witness))...)
}
