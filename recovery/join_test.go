package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/server/listclient"
	"paxos/server/value"
	"paxos/storage"
)

// fakeCluster is a cluster that changes its members as it is told.
type fakeCluster struct {
	listclient.Membership
	next protocol.NodeID
	list []int
	told []string
	// instead, if not nil, is what adding does.
	instead func() (listclient.Membership, error)
}

func newFakeCluster() *fakeCluster {
	c := &fakeCluster{next: 4}
	for n := range 1300 {
		c.list = append(c.list, n)
	}
	c.Cluster = fmt.Sprintf("%016x", uint64(oldCluster))
	for i := 1; i <= 3; i++ {
		c.Members = append(c.Members, listclient.Member{ID: protocol.NodeID(i), Address: member(i).Address, Voter: true})
	}
	return c
}

func (c *fakeCluster) membership() listclient.Membership {
	m := c.Membership
	m.Members = slices.Clone(m.Members)
	return m
}

type askedCluster struct{ *fakeCluster }

func (c askedCluster) Members(context.Context) (listclient.Membership, error) {
	return c.membership(), nil
}

func (c askedCluster) AddMember(_ context.Context, address string) (listclient.Membership, error) {
	c.told = append(c.told, "add "+address)
	if c.instead != nil {
		return c.instead()
	}
	c.fakeCluster.Members = append(c.fakeCluster.Members, listclient.Member{ID: c.next, Address: address})
	c.next++
	return c.membership(), nil
}

func (c askedCluster) RemoveMember(_ context.Context, id protocol.NodeID) (listclient.Membership, error) {
	c.told = append(c.told, fmt.Sprintf("remove %s", id))
	c.fakeCluster.Members = slices.DeleteFunc(c.fakeCluster.Members, func(m listclient.Member) bool { return m.ID == id })
	return c.membership(), nil
}

func (c askedCluster) Length(context.Context) (uint64, error) { return uint64(len(c.list)), nil }

func (c askedCluster) Get(_ context.Context, index uint64) (value.Value, error) {
	return value.Int(int64(c.list[index])), nil
}

// join plans to join with a store's checkpoint, and, if do is set, does it.
func join(t *testing.T, dir, from string, c *fakeCluster, address string, do bool) error {
	t.Helper()
	source, err := OpenStopped(from)
	must(t, err)
	defer source.Close()
	f := take(t, dir)
	defer f.Close()
	p := &Plan{}
	j := &Join{Folder: f, Cluster: askedCluster{c}, Address: address, Source: source, Now: time.UnixMilli(1)}
	err = j.Plan(context.Background(), p)
	if len(c.told) != 0 {
		t.Errorf("planning changed the members: %v", c.told)
	}
	if err != nil || !do {
		return err
	}
	return p.Do(context.Background(), func(string, ...any) {})
}

func TestANewcomerTakesTheOldOnesPlaceUnderANewNumber(t *testing.T) {
	dir := t.TempDir()
	makeStore(t, dir, 2, 12, vote(3, 13))
	c := newFakeCluster()
	must(t, join(t, dir, dir, c, "127.0.0.1:2", true))
	if want := []string{"remove 2", "add 127.0.0.1:2"}; !slices.Equal(c.told, want) {
		t.Errorf("the cluster was told %v, want %v", c.told, want)
	}
	s, r, err := open(dir, identity(4), false)
	must(t, err)
	if !r.Promised.IsZero() || len(r.Votes)+len(r.Pins) != 0 || r.Applied != 12 {
		t.Errorf("the newcomer begins with %+v", r)
	}
	must(t, s.Close(nil))
	mustHave(t, dir, 1100)
}

func TestANewcomerIsRefusedWhereItDoesNotFit(t *testing.T) {
	source := t.TempDir()
	makeStore(t, source, 1, 5)
	for want, change := range map[string]func(c *fakeCluster){
		"another cluster":  func(c *fakeCluster) { c.Cluster = "0000000000000063" },
		"is under way":     func(c *fakeCluster) { c.Changing = true },
		"no other member":  func(c *fakeCluster) { c.Membership.Members = c.Membership.Members[1:2] },
		"entries only":     func(c *fakeCluster) { c.list = c.list[:399] },
		"entry 399":        func(c *fakeCluster) { c.list[399]++ },
		"the cluster's id": func(c *fakeCluster) { c.Cluster = "x" },
	} {
		c := newFakeCluster()
		change(c)
		if err := join(t, t.TempDir(), source, c, "127.0.0.1:2", true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A number under which somebody may have voted is not taken (rule 10).
func TestAMemberThatIsNotNewGetsNoStore(t *testing.T) {
	source := t.TempDir()
	makeStore(t, source, 1, 5)
	for what, members := range map[string]listclient.Member{
		"votes":            {ID: 9, Address: "127.0.0.1:7", Voter: true},
		"was there before": {ID: 3, Address: "127.0.0.1:7"},
	} {
		dir, c := t.TempDir(), newFakeCluster()
		c.instead = func() (listclient.Membership, error) {
			return listclient.Membership{Cluster: c.Cluster, Members: []listclient.Member{members}}, nil
		}
		if err := join(t, dir, source, c, "127.0.0.1:7", true); err == nil || !strings.Contains(err.Error(), "is not new") {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := storage.ReadIdentity(dir); !errors.Is(err, storage.ErrNotFormatted) {
			t.Errorf("%s: a store was made: %v", what, err)
		}
	}
}
