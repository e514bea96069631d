package recovery

import (
	"context"
	"errors"
)

// ErrEarlier says that an earlier repair was finished, instead of what was asked for.
var ErrEarlier = errors.New("an earlier repair was finished, and nothing else was done: look at the store, and run the command again if it is still needed")

// FinishPlan is the plan for a folder whose repair was interrupted: what that one
// said, and what it lacks. Its Do ends with ErrEarlier when all went well, since
// nobody asked for it.
func FinishPlan(f *Folder) (*Plan, error) {
	plan, err := f.readPlan()
	if err != nil {
		return nil, err
	}
	earlier := plan.Plan
	p := &Plan{Title: "Finish the repair of " + f.dir + " that was interrupted", Loud: earlier.Loud, Word: earlier.Word, Lost: earlier.Lost, Then: earlier.Then}
	if earlier.Title != "" {
		p.Title += ": " + earlier.Title
	}
	if f.exists(workName, storeName, identityPart) {
		p.found("the new store is whole; it is not in its place yet")
		p.step("put it there; what was there before is kept in the folder %s within", plan.Before)
	} else {
		p.found("the new store is in its place")
		p.step("remove what is left of the repair's folder")
	}
	p.do = f.finishEarlier
	return p, nil
}

func (f *Folder) finishEarlier(_ context.Context, _ *Plan, say func(string, ...any)) error {
	before, err := f.Finish()
	if err != nil {
		return err
	}
	say("the new store is in its place%s", keptIn(before))
	return ErrEarlier
}
