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
	Folders   []*Folder
	DropVotes bool // above the list: apply none of them

	stores []*Stopped
	whole  map[protocol.NodeID]bool // can be started as they are
	latest int                      // has applied most: its members are the ones to ask
	best   int                      // that the new cluster is made of
	votes  votesOf
	pins   pinsOf
}

// Look reads all of them, and says what each one has.
func (s *Survivors) Look(p *Plan) error {
	if err := s.look(p); err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

func (s *Survivors) look(p *Plan) error {
	if err := s.readAll(p); err != nil {
		return err
	}
	s.best = s.latest
	if err := s.preferImage(p); err != nil {
		return err
	}
	if best, _ := s.Best(); best.noFront != nil {
		return best.noFront
	}
	if len(s.stores) > 1 {
		p.found("the one in %s knows most of the list, and is taken", s.stores[s.best].dir)
		if !s.DropVotes {
			p.found("votes of all of them count")
		}
	}
	if err := s.agree(p); err != nil {
		return err
	}
	return s.tellVoters(p)
}

// readAll opens all stores and reads them. The latest is the one with the longest list.
func (s *Survivors) readAll(p *Plan) error {
	s.votes, s.pins, s.whole = votesOf{}, pinsOf{}, map[protocol.NodeID]bool{}
	seen := map[protocol.NodeID]string{}
	for i, f := range s.Folders {
		store, err := OpenStopped(f.dir)
		if err != nil {
			return err
		}
		s.stores = append(s.stores, store)
		if err := s.fits(store, seen); err != nil {
			return err
		}
		if err := s.read(p, store); err != nil {
			return err
		}
		if store.Applied() > s.stores[s.latest].Applied() {
			s.latest = i
		}
	}
	return nil
}

// tellVoters says who votes, as far as is known.
func (s *Survivors) tellVoters(p *Plan) error {
	all, err := s.electorates()
	if err != nil {
		return err
	}
	p.found("voters by the list in %s: %s", s.stores[s.latest].dir, all[0])
	if all[1].String() != all[0].String() {
		p.found("voters by the votes above it, if they were decided: %s", all[1])
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

// read takes the votes and pins of a store, those behind damage too, and reads its images.
func (s *Survivors) read(p *Plan, store *Stopped) error {
	if err := store.Settle(p); err != nil && store.noFront == nil {
		return err // one whose list cannot be taken has votes that count
	}
	above := votesAbove{last: store.Applied()}
	take := func(v protocol.Vote) {
		above.count(v.Instance, store.Applied())
		v.Value = append(protocol.Value{}, v.Value...)
		s.votes.take(v)
	}
	for _, v := range store.Votes() {
		take(v)
	}
	pins := store.Pins()
	l, err := store.Log(func(rec protocol.Record) {
		switch rec := rec.(type) {
		case *protocol.Voted:
			take(rec.Vote)
		case *protocol.Pinned:
			pins = append(pins, rec.Pin)
		}
	})
	if err != nil {
		return err
	}
	if err := s.pins.takeAll(store, pins); err != nil {
		return err
	}
	s.whole[store.Identity().ID] = l.Damage == nil
	above.tell(p, store, l)
	return nil
}

// votesAbove are a store's votes above its list.
type votesAbove struct {
	number int
	last   protocol.Instance
}

func (a *votesAbove) count(i, applied protocol.Instance) {
	if i > applied {
		a.number++
		a.last = max(a.last, i)
	}
}

// tell says what a store has.
func (a *votesAbove) tell(p *Plan, store *Stopped, l Log) {
	p.found("%s", store.About())
	describeImages(p, store)
	p.found("  votes above that: %d, up to instance %s; nobody here knows which of them were decided", a.number, a.last)
	if l.Damage != nil {
		p.found("  its log is damaged: %s at offset %d: %s; what can be read of it counts", l.Damage.File, l.Damage.Offset, l.Damage.Detail)
		p.lose("the votes of server %s that stood where its log is damaged: they may have been acknowledged; "+
			"for their instances an older vote may be taken, or none", store.Identity().ID)
	}
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
func (s *Survivors) Votes() *Votes { return &Votes{all: s.votes, Adopt: !s.DropVotes} }

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
