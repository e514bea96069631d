package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

// Foundation makes a store with which a list server begins a new cluster, alone, with
// the list of an old one. Others join it as they join any cluster.
type Foundation struct {
	Folder  *Folder
	Address string             // host:port of the server
	Cluster protocol.ClusterID // the new one's; must not be the old one's
	Name    string             // that it was made from
	Source  Source
	Now     time.Time

	head    []byte // of the list that it begins with
	image   storage.Image
	closed  []list.Chunk
	applied protocol.Instance
	length  uint64
}

// firstID is the number of the new cluster's first member. Numbers begin anew, since
// all of them are of this cluster only.
const firstID protocol.NodeID = 1

// Plan says what Do will do. Votes, which may be nil, are applied to the list.
func (f *Foundation) Plan(ctx context.Context, p *Plan, votes *Votes) error {
	if f.Cluster == f.Source.Cluster() {
		return fmt.Errorf("the new cluster would have the old one's identity, %s: give it another name, or members of the old one could take part in it", f.Cluster)
	}
	if f.Source.Head() == nil {
		return fmt.Errorf("%s: there is no list to begin with", f.Source.About())
	}
	if err := mustFit(f.Source, protocol.RoleServer); err != nil {
		return err
	}
	s, err := list.RestoreState(f.Source.Head(), list.Options{})
	if err != nil {
		return err
	}
	saved := s.Length()
	if votes != nil {
		votes.apply(p, s)
	}
	if err := f.Source.Whole(ctx, p); err != nil {
		return err
	}
	f.image = frontOf(p, f.Source.Images().Newest, saved, s)
	s.Refound(list.FirstMembers([]protocol.Member{{ID: firstID, Address: f.Address}}))
	f.head, f.closed, f.applied, f.length = s.AppendHead(nil), s.TakeClosed(), s.Applied(), s.Length()
	p.step("make a store for the first and only member of a new cluster %q (%s): server %s at %s, with %s entries up to instance %s, and the sessions that are known",
		f.Name, f.Cluster, firstID, f.Address, number(f.length), f.applied)
	if err := f.Folder.planPut(p); err != nil {
		return err
	}
	p.then("use the name %q for nothing else, and run this for one server only: two clusters of one name would be one to every server", f.Name)
	f.thenStart(p)
	p.do = f.do
	return nil
}

// thenStart says how the cluster is started. A store without an image may still be one of
// a program with a machine, that has not written one.
func (f *Foundation) thenStart(p *Plan) {
	if f.image.Index == 0 {
		p.then("start it:\n      paxos server --cluster FILE --node %s --data-dir %s      # FILE names %s alone", f.Address, f.Folder.dir, f.Address)
		p.then("give every further server an empty folder, and let it join:\n      paxos member add FILE HOST:PORT, then: paxos server --cluster FILE --node HOST:PORT --data-dir DIR --join")
	}
	if f.image.Index > 0 || f.Source.Images().Newest.Index > 0 {
		p.then("start the program, with Options.Dir %s, Self %s, no other Peers, and Cluster empty or %s", f.Folder.dir, f.Address, f.Name)
		p.then("give every further node an empty folder, and let it join: AddMember, and there Options.Join")
	}
}

func (f *Foundation) do(_ context.Context, p *Plan, say func(string, ...any)) error {
	before, err := f.Folder.Swap(f.Now, p, func(dir string) error { return errors.Join(f.build(dir), f.Source.Close()) })
	if err != nil {
		return err
	}
	say("the store of the new cluster %q is in its place%s", f.Name, keptIn(before))
	return nil
}

func (f *Foundation) build(dir string) error {
	c, err := f.Source.Contents(f.head, f.image)
	if err != nil {
		return err
	}
	c.Applied, c.ChunkCount = f.applied, f.length/protocol.ChunkEntries
	c.Chunk = f.withClosed(c.Chunk)
	_, err = storage.Create(storage.Options{Dir: dir, Want: storage.Identity{Cluster: f.Cluster, Role: protocol.RoleServer, ID: firstID}}, c)
	return err
}

// withClosed adds the chunks that were closed by applying votes.
func (f *Foundation) withClosed(older func(uint64) ([]byte, error)) func(uint64) ([]byte, error) {
	return func(n uint64) ([]byte, error) {
		if len(f.closed) > 0 && n >= f.closed[0].Number {
			return list.EncodeChunk(nil, f.closed[n-f.closed[0].Number].Raw), nil
		}
		return older(n)
	}
}
