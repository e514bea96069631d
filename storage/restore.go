package storage

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"paxos/protocol"
	"paxos/wal"
)

// Restored is what was durable when the store was opened.
type Restored struct {
	Promised protocol.Ballot   // the highest ballot promised, or voted in (rule 2)
	Round    uint64            // the highest round used (rule 3)
	Pins     []protocol.Pin    // ascending by acceptor
	Votes    []protocol.Vote   // ascending, all above Applied, one for an instance
	Applied  protocol.Instance // the list of the checkpoint stands for this instance
	Head     []byte            // of that list; nil if there is none
	Log      wal.Report        // what was replayed on top of it, and cut
}

// restoring folds a checkpoint, and then the records of the log, into one state.
// The order is that of the log, but the outcome does not depend on it: everything
// only grows. So the log may be replayed from before the point at which the
// checkpoint's state was taken.
type restoring struct {
	Restored
	votes map[protocol.Instance]protocol.Vote
	pins  map[protocol.NodeID]protocol.StoreID
}

func newRestoring() *restoring {
	return &restoring{votes: map[protocol.Instance]protocol.Vote{}, pins: map[protocol.NodeID]protocol.StoreID{}}
}

// checkpoint starts from the state of a checkpoint.
func (r *restoring) checkpoint(st state, head []byte) {
	r.Promised, r.Round, r.Applied = st.Promised, st.Round, st.Applied
	if head != nil {
		r.Head = append([]byte{}, head...)
	}
	for _, p := range st.pins {
		r.pins[p.Acceptor] = p.Store
	}
}

// record adds one record of the log. payload is not kept.
func (r *restoring) record(at wal.Position, typ uint8, payload []byte) error {
	if typ == recordFormatted {
		return nil
	}
	rec, err := protocol.DecodeRecord(protocol.RecordType(typ), payload)
	if err != nil {
		return fmt.Errorf("%w: record at %v: %w", ErrCorrupt, at, err)
	}
	switch rec := rec.(type) {
	case *protocol.Promised:
		r.promise(rec.Ballot)
	case *protocol.Voted:
		err = r.vote(rec.Vote)
	case *protocol.Round:
		r.Round = max(r.Round, rec.Round)
	case *protocol.Pinned:
		err = r.pin(rec.Pin)
	default:
		panic(fmt.Sprintf("storage: no way to restore a record of type %d", typ))
	}
	if err != nil {
		return fmt.Errorf("%w: record at %v: %w", ErrCorrupt, at, err)
	}
	return nil
}

func (r *restoring) promise(b protocol.Ballot) {
	if r.Promised.Less(b) {
		r.Promised = b
	}
}

// vote keeps the vote of the highest ballot for an instance that is not applied,
// and its promise in any case (rule 2).
func (r *restoring) vote(v protocol.Vote) error {
	r.promise(v.Ballot)
	old, found := r.votes[v.Instance]
	switch {
	case v.Instance <= r.Applied:
	case !found || old.Ballot.Less(v.Ballot):
		v.Value = append(protocol.Value{}, v.Value...)
		r.votes[v.Instance] = v
	case old.Ballot == v.Ballot && !bytes.Equal(old.Value, v.Value):
		return fmt.Errorf("rule 3: ballot %s has two values for instance %s", v.Ballot, v.Instance)
	}
	return nil
}

func (r *restoring) pin(p protocol.Pin) error {
	if old, found := r.pins[p.Acceptor]; found && old != p.Store {
		return fmt.Errorf("rule 10: acceptor %s is pinned to stores %s and %s", p.Acceptor, old, p.Store)
	}
	r.pins[p.Acceptor] = p.Store
	return nil
}

// done returns what it all adds up to.
func (r *restoring) done(log wal.Report) Restored {
	r.Log = log
	for _, i := range slices.Sorted(maps.Keys(r.votes)) {
		r.Votes = append(r.Votes, r.votes[i])
	}
	for _, id := range slices.Sorted(maps.Keys(r.pins)) {
		r.Pins = append(r.Pins, protocol.Pin{Acceptor: id, Store: r.pins[id]})
	}
	return r.Restored
}
