package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"paxos/protocol"
	"paxos/server/listclient"
	"paxos/server/value"
	"paxos/storage"
)

// Cluster is a running cluster of list servers; listclient.Client is one.
type Cluster interface {
	Members(ctx context.Context) (listclient.Membership, error)
	AddMember(ctx context.Context, address string) (listclient.Membership, error)
	RemoveMember(ctx context.Context, id protocol.NodeID) (listclient.Membership, error)
	Length(ctx context.Context) (uint64, error)
	Get(ctx context.Context, index uint64) (value.Value, error)
}

// Join makes a store with which a list server joins a running cluster, as a newcomer
// without a vote.
type Join struct {
	Folder  *Folder
	Cluster Cluster
	Address string // host:port of the server that will run on the folder
	File    string // the cluster file, for who reads the plan
	// Source is what the new store begins with. The server gets what is missing from
	// the others.
	Source Source
	// Now names what is kept.
	Now time.Time

	members listclient.Membership
	cluster protocol.ClusterID
}

// Plan looks at the cluster and says what Do will do; p has what was found before.
func (j *Join) Plan(ctx context.Context, p *Plan) (err error) {
	if j.members, err = j.Cluster.Members(ctx); err != nil {
		return fmt.Errorf("ask the cluster who its members are (without a majority of them nobody can be let in; see new-cluster): %w", err)
	}
	if j.cluster, err = ParseClusterID(j.members.Cluster); err != nil {
		return err
	}
	if err := j.check(); err != nil {
		return err
	}
	if err := j.agrees(ctx); err != nil {
		return err
	}
	if err := j.Source.Whole(ctx, p); err != nil {
		return err
	}
	p.found("cluster %s runs, with %s", j.cluster, describeMembers(j.members.Members))
	p.found("%s", j.Source.About())
	leaving, err := j.leaving()
	if err != nil {
		return err
	}
	for _, m := range leaving {
		p.step("remove member %s (%s) from the cluster, by a decided change: its number is never used again", m.ID, m.Address)
	}
	p.step("add %s to the cluster as a new member, with a new number and without a vote", j.Address)
	p.step("make a new store of that list, with a new store id, and no promise and no vote")
	if err := j.Folder.planPut(p); err != nil {
		return err
	}
	p.then("start the server; it gets what it lacks from the others, and asks for its vote when it is in step:\n      paxos server --cluster %s --node %s --data-dir %s", j.File, j.Address, j.Folder.dir)
	p.do = j.do
	return nil
}

// ParseClusterID reads the id of a cluster as servers tell it.
func ParseClusterID(text string) (protocol.ClusterID, error) {
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("the cluster's id is %q: %w", text, err)
	}
	return protocol.ClusterID(n), nil
}

// check refuses what does not fit together.
func (j *Join) check() error {
	if from := j.Source.Cluster(); from != j.cluster {
		return fmt.Errorf("%w: the list is of cluster %s, but the servers are cluster %s: "+
			"a list of another cluster must not be mixed into this one", storage.ErrForeign, from, j.cluster)
	}
	if err := mustFit(j.Source, protocol.RoleServer); err != nil {
		return err
	}
	if j.members.Changing {
		return errors.New("a change of the members is under way: try again when it is settled (paxos member list)")
	}
	return nil
}

// agrees compares the end of the source's list with the cluster's. Two clusters can have one
// identity: servers that were started anew on empty folders, with the names of an
// old cluster, are one. Its list must not be mixed with the old one's.
func (j *Join) agrees(ctx context.Context) error {
	index, last, length, err := j.Source.Last()
	if err != nil || length == 0 {
		return err
	}
	have, err := j.Cluster.Length(ctx)
	if err != nil {
		return fmt.Errorf("ask how long the cluster's list is: %w", err)
	}
	if have < length {
		return fmt.Errorf("%w: %s, but the cluster's list has %s entries only: it is not the same list", storage.ErrForeign, j.Source.About(), number(have))
	}
	if last == nil {
		return nil
	}
	v, err := j.Cluster.Get(ctx, index)
	if err != nil {
		return fmt.Errorf("ask for entry %d of the cluster's list: %w", index, err)
	}
	if string(v.Payload()) != string(last) {
		return fmt.Errorf("%w: entry %d of %s is another one than the cluster's: it is not the same list", storage.ErrForeign, index, j.Source.About())
	}
	return nil
}

// leaving are the members that the newcomer replaces: the one whose store is in the
// folder, and the one at its address.
func (j *Join) leaving() (leaving []listclient.Member, err error) {
	identity, err := storage.ReadIdentity(j.Folder.dir)
	known := err == nil
	if known && (identity.Cluster != j.cluster || identity.Role != protocol.RoleServer) {
		return nil, fmt.Errorf("%w: %s belongs to %s, but the servers are cluster %s", storage.ErrForeign, j.Folder.dir, identity, j.cluster)
	}
	voters := 0
	for _, m := range j.members.Members {
		switch {
		case known && m.ID == identity.ID, m.Address == j.Address:
			leaving = append(leaving, m)
		case m.Voter:
			voters++
		}
	}
	if voters == 0 {
		return nil, errors.New("no other member votes: without the one that leaves there is no cluster")
	}
	return leaving, nil
}

func (j *Join) do(ctx context.Context, p *Plan, say func(string, ...any)) error {
	if err := j.Folder.ensure(); err != nil { // what can fail here shall fail before the members change
		return err
	}
	if err := j.Source.Prepare(ctx, say); err != nil {
		return err
	}
	leaving, err := j.leaving()
	if err != nil {
		return err
	}
	for _, m := range leaving {
		say("removing member %s (%s)", m.ID, m.Address)
		if _, err := j.Cluster.RemoveMember(ctx, m.ID); err != nil {
			return fmt.Errorf("remove member %s: %w", m.ID, err)
		}
	}
	id, err := j.admit(ctx, say)
	if err != nil {
		return err
	}
	say("making a store for member %s", id)
	before, err := j.Folder.Swap(j.Now, p, func(dir string) error { return j.build(dir, id) })
	if err != nil {
		return err
	}
	say("the new store of member %s is in its place%s", id, keptIn(before))
	return nil
}

// admit makes the newcomer a member, and returns its number.
func (j *Join) admit(ctx context.Context, say func(string, ...any)) (protocol.NodeID, error) {
	say("adding %s", j.Address)
	m, err := j.Cluster.AddMember(ctx, j.Address)
	if err != nil {
		return 0, fmt.Errorf("add %s: %w", j.Address, err)
	}
	at := slices.IndexFunc(m.Members, func(x listclient.Member) bool { return x.Address == j.Address })
	switch {
	case at < 0:
		return 0, fmt.Errorf("add %s: the cluster does not have it among its members: %s", j.Address, describeMembers(m.Members))
	case m.Members[at].Voter, slices.ContainsFunc(j.members.Members, func(x listclient.Member) bool { return x.ID == m.Members[at].ID }):
		// Somebody may have voted under this number (rule 10).
		return 0, fmt.Errorf("add %s: member %s there is not new: run the repair again", j.Address, m.Members[at].ID)
	}
	return m.Members[at].ID, nil
}

func (j *Join) build(dir string, id protocol.NodeID) error {
	c, err := j.Source.Contents(j.Source.Head(), j.Source.Images().Newest)
	if err != nil {
		return err
	}
	_, err = storage.Create(storage.Options{Dir: dir, Want: storage.Identity{Cluster: j.cluster, Role: protocol.RoleServer, ID: id}}, c)
	return errors.Join(err, j.Source.Close())
}

func describeMembers(members []listclient.Member) string {
	if len(members) == 0 {
		return "no members"
	}
	text := ""
	for i, m := range members {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("member %s (%s)", m.ID, m.Address)
		if !m.Voter {
			text += " without a vote"
		}
	}
	return text
}
