package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"paxos/inspect"
	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// describeLog says what is wrong with a store's log. It reports whether Open
// would refuse it.
func describeLog(p *Plan, l Log) (damaged bool) {
	switch {
	case l.Damage != nil:
		p.found("the log is damaged: %s at offset %d: %s", l.Damage.File, l.Damage.Offset, l.Damage.Detail)
		p.found("before the damage: %s", describeCounts(l.Before))
		p.found("behind it, and still readable: %s", describeCounts(l.Behind))
		return true
	case l.Report.Torn:
		p.found("the last batch of the log is torn: it was never acknowledged, and the next start cuts it by itself")
	case l.Report.Clean:
		p.found("from the checkpoint on the log is whole, and was closed in order: %s", describeCounts(l.Before))
	default:
		p.found("from the checkpoint on the log is whole: %s", describeCounts(l.Before))
	}
	return false
}

func describeCounts(c Counts) string {
	text := fmt.Sprintf("%d records", c.Records)
	if c.Promises > 0 {
		text += fmt.Sprintf(", %d of them promises", c.Promises)
	}
	if c.Votes > 0 {
		text += fmt.Sprintf(", %d of them votes, on instances %s to %s", c.Votes, c.First, c.Last)
	}
	return text
}

// Damaged is a stopped store whose log is to be cut.
type Damaged struct {
	Folder *Folder
	Store  *Stopped
	Log    Log

	passed []inspect.LogEntry // damage before the checkpoint's place
}

// Examine reads a stopped store: its checkpoint, which must be whole, and its log.
func Examine(f *Folder) (*Damaged, error) {
	s, err := OpenStopped(f.dir)
	if err != nil {
		return nil, err
	}
	l, err := s.Log(nil)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	passed, err := s.damagePassed()
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &Damaged{Folder: f, Store: s, Log: l, passed: passed}, nil
}

// Begin begins the plan for a cut: what is damaged, and what a cut means. The plan
// is idle if there is nothing to cut.
func (d *Damaged) Begin() *Plan {
	id := d.Store.Identity()
	p := &Plan{Title: "Cut the damaged log of " + id.String()}
	p.found("%s", d.Store.About())
	if n := len(d.passed); n > 0 {
		p.found("before the checkpoint's place, where no start reads any more, the log is damaged in %d place(s), first %s at offset %d: %s; "+
			"later checkpoints drop that part", n, d.passed[0].File, d.passed[0].At.Offset, d.passed[0].Detail)
	}
	if !describeLog(p, d.Log) {
		p.Title, p.Idle = "The log of "+id.String(), true
		return p
	}
	if id.Role == protocol.RoleServer || id.Role == protocol.RoleAcceptor {
		p.lose("the log from instance %s on: votes and promises, of which some may have been acknowledged. "+
			"An acceptor that forgets them may help to decide something else, so this one loses its vote: the old store never votes again", d.Store.Applied()+1)
		p.lose("of the list nothing that a majority of the others has: it is copied from them")
	} else {
		p.lose("records of the log that the others tell again")
	}
	return p
}

// Reissue makes a store of a list for a role of the multicast cluster, or for a server that
// these tools cannot let in themselves (a node of a program, say), under a number that may
// have to be let in first: one that votes must be new.
type Reissue struct {
	Folder *Folder
	Want   storage.Identity // Store is 0
	Source Source
	Now    time.Time
}

// Plan says what Do will do.
func (r *Reissue) Plan(ctx context.Context, p *Plan) error {
	old, _, err := Whose(r.Folder.dir)
	if err == nil && (old.Cluster != r.Want.Cluster || old.Role != r.Want.Role) {
		return fmt.Errorf("%w: %s belongs to %s", storage.ErrForeign, r.Folder.dir, old)
	}
	if r.Want.Cluster != r.Source.Cluster() {
		return fmt.Errorf("%w: the list is of cluster %s, the store of cluster %s", storage.ErrForeign, r.Source.Cluster(), r.Want.Cluster)
	}
	if err := mustFit(r.Source, r.Want.Role); err != nil {
		return err
	}
	if err == nil && votes(old.Role) && old.ID == r.Want.ID {
		return fmt.Errorf("%s %s has voted with the store in %s: under that number no other store may vote, give it a new one", old.Role, old.ID, r.Folder.dir)
	}
	if err := r.checkNumber(); err != nil {
		return err
	}
	if from, ok := r.Source.(*Stopped); ok {
		if err := from.settle(p); err != nil {
			return err
		}
	}
	if err := r.Source.Whole(ctx, p); err != nil {
		return err
	}
	p.step("make a new store for %s %s of that list, with a new store id, and no promise and no vote", r.Want.Role, r.Want.ID)
	if err := r.Folder.planPut(p); err != nil {
		return err
	}
	switch r.Want.Role {
	case protocol.RoleAcceptor:
		p.then("make it a member, if it is none:   paxos acceptors add %s --config FILE", r.Want.ID)
		p.then("start it; it asks for its vote when it is in step:   paxos acceptor --id %s --join --data-dir %s --config FILE", r.Want.ID, r.Folder.dir)
		p.then("take the old one out:   paxos acceptors remove OLD --config FILE")
	case protocol.RoleServer:
		p.then("if it is no member yet: it must be added (AddMember; paxos member add), and get this very number, %s", r.Want.ID)
		p.then("start it: a program's node with Options.Dir %s, and Self as it was added; it gets what it lacks from the others, and asks for its vote when it is in step", r.Folder.dir)
		p.then("take the old one out: RemoveMember; paxos member remove")
	default:
		p.then("start it as ever")
	}
	p.do = r.do
	return nil
}

// votes reports whether a role has an acceptor's store.
func votes(r protocol.Role) bool { return r == protocol.RoleAcceptor || r == protocol.RoleServer }

// checkNumber refuses the number of one that votes which a voter has or had, as far as
// the list knows: under it another store may have voted (rule 10).
func (r *Reissue) checkNumber() error {
	if !votes(r.Want.Role) {
		return nil
	}
	if from, ok := r.Source.(*Stopped); ok && from.Identity().Role == r.Want.Role && from.Identity().ID == r.Want.ID {
		return fmt.Errorf("%w: %s is the store of %s %s itself: no other store may vote under its number, give this one a new one", storage.ErrForeign, from.dir, r.Want.Role, r.Want.ID)
	}
	s, err := list.RestoreState(r.Source.Head(), list.Options{})
	if err != nil {
		return fmt.Errorf("%s: %w", r.Source.About(), err)
	}
	m := s.Members()
	in := func(members []protocol.Member) bool {
		return slices.ContainsFunc(members, func(x protocol.Member) bool { return x.ID == r.Want.ID })
	}
	switch {
	case in(m.Voters), in(m.Old):
		return fmt.Errorf("%w: %s %s votes in that list's cluster: under its number no other store may vote, give this one a new number", storage.ErrForeign, r.Want.Role, r.Want.ID)
	case r.Want.ID < m.Next && !in(m.Learners):
		return fmt.Errorf("%w: number %s is used up, there was %s %s: the next new one is %s", storage.ErrForeign, r.Want.ID, r.Want.Role, r.Want.ID, m.Next)
	}
	return nil
}

func (r *Reissue) do(_ context.Context, p *Plan, say func(string, ...any)) error {
	before, err := r.Folder.Swap(r.Now, p, func(dir string) error {
		c, err := r.Source.Contents(r.Source.Head(), r.Source.Images().Newest)
		if err == nil {
			_, err = storage.Create(storage.Options{Dir: dir, Want: r.Want}, c)
		}
		return errors.Join(err, r.Source.Close())
	})
	if err != nil {
		return err
	}
	say("the new store of %s %s is in its place%s", r.Want.Role, r.Want.ID, keptIn(before))
	return nil
}
