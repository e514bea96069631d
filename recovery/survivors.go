package recovery

import (
	"errors"
	"fmt"
	"net"
	"time"

	"paxos/internal/terminal"
	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
)

func number(n uint64) string { return terminal.Number(n) }

// Survivors are the stopped stores that are left of a cluster whose majority is lost.
type Survivors struct {
	Folders []*Folder

	stores []*Stopped
	whole  map[protocol.NodeID]bool // can be started as they are
	best   int
	votes  votesOf
}

// Look reads all of them, and says what each one has.
func (s *Survivors) Look(p *Plan) error {
	s.votes, s.whole = votesOf{}, map[protocol.NodeID]bool{}
	seen := map[protocol.NodeID]string{}
	for i, f := range s.Folders {
		store, err := OpenStopped(f.dir)
		if err != nil {
			return errors.Join(err, s.Close())
		}
		s.stores = append(s.stores, store)
		if err := s.fits(store, seen); err != nil {
			return errors.Join(err, s.Close())
		}
		if err := s.read(p, store); err != nil {
			return errors.Join(err, s.Close())
		}
		if store.Applied() > s.stores[s.best].Applied() {
			s.best = i
		}
	}
	if len(s.stores) > 1 {
		p.found("the one in %s knows most of the list, and is taken; votes of all of them count", s.stores[s.best].dir)
	}
	return nil
}

// fits refuses stores that are not of different members of one cluster.
func (s *Survivors) fits(store *Stopped, seen map[protocol.NodeID]string) error {
	id := store.Identity()
	switch first := s.stores[0].Identity(); {
	case id.Role != protocol.RoleServer:
		return fmt.Errorf("%w: %s is the store of %s: only list servers can begin a new cluster", storage.ErrForeign, store.dir, id)
	case id.Cluster != first.Cluster:
		return fmt.Errorf("%w: %s is of cluster %s, %s of cluster %s", storage.ErrForeign, store.dir, id.Cluster, s.stores[0].dir, first.Cluster)
	case seen[id.ID] != "":
		return fmt.Errorf("%w: %s and %s are both stores of server %s: give each server's last one", storage.ErrForeign, seen[id.ID], store.dir, id.ID)
	case store.Head() == nil:
		return fmt.Errorf("%s: the store has no list yet", store.dir)
	}
	seen[id.ID] = store.dir
	return nil
}

// read takes the votes of a store, those behind damage too.
func (s *Survivors) read(p *Plan, store *Stopped) error {
	var last protocol.Instance
	above := 0
	take := func(v protocol.Vote) {
		if v.Instance > store.Applied() {
			above++
			last = max(last, v.Instance)
		}
		v.Value = append(protocol.Value{}, v.Value...)
		s.votes.take(v)
	}
	for _, v := range store.Votes() {
		take(v)
	}
	l, err := store.Log(func(rec protocol.Record) {
		if v, ok := rec.(*protocol.Voted); ok {
			take(v.Vote)
		}
	})
	if err != nil {
		return err
	}
	s.whole[store.Identity().ID] = l.Damage == nil
	p.found("%s", store.About())
	p.found("  votes above that: %d, up to instance %s; nobody here knows which of them were decided", above, max(last, store.Applied()))
	if l.Damage != nil {
		p.found("  its log is damaged: %s at offset %d: %s; what can be read of it counts", l.Damage.File, l.Damage.Offset, l.Damage.Detail)
	}
	return nil
}

// Best is the store that the new cluster is made of, and its folder.
func (s *Survivors) Best() (*Stopped, *Folder) { return s.stores[s.best], s.Folders[s.best] }

// Close lets the stores go.
func (s *Survivors) Close() error {
	var errs []error
	for _, store := range s.stores {
		errs = append(errs, store.Close())
	}
	return errors.Join(errs...)
}

// StillThere tells which members of the old cluster are there: the survivors
// that can be started as they are, and those at whose address somebody listens.
// If they are a majority of its voters (of both configurations, while both govern),
// the cluster is not lost: it can go on, or does.
func (s *Survivors) StillThere(listens func(address string) bool) (there []string, majority bool, err error) {
	best, _ := s.Best()
	state, err := list.RestoreState(best.Head(), list.Options{})
	if err != nil {
		return nil, false, err
	}
	members, alive := state.Members(), map[protocol.NodeID]bool{}
	for _, v := range members.All() {
		whole, here := s.whole[v.ID]
		switch {
		case here && whole:
			there = append(there, fmt.Sprintf("server %s, whose store is whole", v.ID))
		case !here && listens(v.Address):
			there = append(there, fmt.Sprintf("server %s, at %s", v.ID, v.Address))
		default:
			continue
		}
		alive[v.ID] = true
	}
	// The old configuration counts only as long as it governs an instance above the list (rule 13).
	settled := !members.Changing() || best.Applied()+1 >= members.From
	return there, most(members.Voters, alive) && (settled || most(members.Old, alive)), nil
}

// most reports whether a majority of voters is alive.
func most(voters []protocol.Member, alive map[protocol.NodeID]bool) bool {
	n := 0
	for _, v := range voters {
		if alive[v.ID] {
			n++
		}
	}
	return n > len(voters)/2
}

// Listens reports whether somebody takes connections at an address.
func Listens(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		c.Close()
	}
	return err == nil
}

// Votes are what stands above the list that is known to be decided.
type Votes struct {
	all   votesOf
	Adopt bool // apply them
}

// Votes are those of all survivors.
func (s *Survivors) Votes(adopt bool) *Votes { return &Votes{all: s.votes, Adopt: adopt} }

// apply applies them to a list, and says what that means.
func (v *Votes) apply(p *Plan, s *list.State) {
	from := s.Applied() + 1
	a := v.all.adopt(s, v.Adopt)
	switch {
	case a.Votes > 0:
		p.step("apply the votes of instances %s to %s to the list, the one of the highest ballot for each: %s entries. "+
			"They may have been acknowledged, or never decided; and where a lost server voted in a higher ballot, something else was decided", from, a.Last, number(a.Added))
	case !v.Adopt && a.Behind > 0:
		p.lose("the votes on %d instances from %s on, as you wish: they may have been acknowledged", a.Behind, from)
	}
	if v.Adopt && a.Behind > 0 {
		p.lose("the votes on %d instances behind instance %s, on which nobody here voted: they may have been acknowledged", a.Behind, a.Hole)
	}
}
