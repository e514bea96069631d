package recovery

import (
	"bytes"
	"errors"
	"fmt"

	"paxos/protocol"
	"paxos/storage"
)

// Stores of one cluster agree: a number has one store (rule 10), and an instance one
// value, so the shorter list is the beginning of the longer one. Folders that do not
// agree are of two clusters that got one name, the second one after the first was
// thrown away. Their votes must not be mixed.

// pinsOf are the stores of numbers, and the folders that say so.
type pinsOf map[protocol.NodeID]pinned

type pinned struct {
	store protocol.StoreID
	by    string
}

// takeAll takes a store's own number, and the pins that it has.
func (a pinsOf) takeAll(s *Stopped, pins []protocol.Pin) error {
	own := protocol.Pin{Acceptor: s.Identity().ID, Store: s.Identity().Store}
	for _, p := range append([]protocol.Pin{own}, pins...) {
		old, found := a[p.Acceptor]
		if found && old.store != p.Store {
			return fmt.Errorf("%w: by %s server %s has store %s, by %s store %s: these folders are of two clusters with one name; give those of one only",
				storage.ErrForeign, old.by, p.Acceptor, old.store, s.dir, p.Store)
		}
		a[p.Acceptor] = pinned{p.Store, s.dir}
	}
	return nil
}

// agree refuses lists that contradict the best one in their last entries. Those that
// do not can lend it chunks.
func (s *Survivors) agree(p *Plan) error {
	best, _ := s.Best()
	for i, other := range s.stores {
		if i == s.best || other.Length() == 0 {
			continue
		}
		err := compare(best, other)
		if errors.Is(err, storage.ErrCorrupt) || isDropped(err) {
			p.found("  the end of the list in %s cannot be compared with the one that is taken: %v", other.dir, err)
			continue
		}
		if err != nil {
			return err
		}
		best.lenders = append(best.lenders, other)
	}
	return nil
}

var errCompared = errors.New("compared")

// compare holds the last entry of the older list to the same one of the other. That is
// best's, but where it was taken for its image.
func compare(best, other *Stopped) error {
	if best.Applied() < other.Applied() {
		best, other = other, best
	}
	if other.Length() == 0 {
		return nil
	}
	last := other.Length() - 1
	if best.Length() <= last {
		return contradict(best, other, fmt.Sprintf("%d entries at instance %s, and %d at instance %s",
			best.Length(), best.Applied(), other.Length(), other.Applied()))
	}
	want, err := other.entry(last)
	if err != nil {
		return err
	}
	got, err := best.entry(last)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return contradict(best, other, fmt.Sprintf("entry %d is %.50q in one, %.50q in the other", last, got, want))
	}
	return nil
}

func contradict(a, b *Stopped, how string) error {
	return fmt.Errorf("%w: the lists in %s and %s contradict each other (%s): these folders are of two clusters with one name; give those of one only",
		storage.ErrForeign, a.dir, b.dir, how)
}

// entry is an entry of the list, which must have it. The error is storage.ErrImages
// where it was dropped.
func (s *Stopped) entry(index uint64) (entry []byte, err error) {
	err = s.read(index, func(_ uint64, payload []byte) error {
		entry = bytes.Clone(payload)
		return errCompared
	})
	if errors.Is(err, errCompared) {
		err = nil
	}
	return entry, err
}
