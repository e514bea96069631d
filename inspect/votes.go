package inspect

import (
	"cmp"
	"maps"
	"slices"

	"paxos/protocol"
	"paxos/storage"
	"paxos/wal"
)

// Vote is a vote for an instance, and where it stands.
type Vote struct {
	protocol.Vote
	In string // "checkpoint", or the place in the log; "" where both may be
}

// Votes visits the votes that the node would start with: above the checkpoint's
// instance, the highest ballot's for each, ascending.
func (f *Folder) Votes(visit func(Vote) error) error {
	for _, v := range f.State().Restored.Votes {
		if err := visit(Vote{Vote: v}); err != nil {
			return err
		}
	}
	return nil
}

// VotesFor visits every vote for an instance that is still there: that of the
// checkpoint first, then those in the log, in order.
func (f *Folder) VotesFor(i protocol.Instance, visit func(Vote) error) error {
	err := f.values(storage.BucketVotes, storage.NumberKey(uint64(i)), func(v stored) error {
		vote, err := decodeVote(v)
		if err != nil {
			return nil // State reports it
		}
		if vote.Instance != i {
			return errEnough
		}
		return visit(Vote{Vote: vote, In: "checkpoint"})
	})
	if err != nil && err != errEnough {
		return err
	}
	return f.votesInLog(func(at wal.Position, v protocol.Vote) error {
		if v.Instance != i {
			return nil
		}
		return visit(Vote{Vote: v, In: at.String()})
	})
}

func (f *Folder) votesInLog(visit func(at wal.Position, v protocol.Vote) error) error {
	return f.Log(wal.Position{}, func(e *LogEntry) error {
		if voted, ok := e.Record.(*protocol.Voted); ok && e.Kind == wal.KindRecord {
			return visit(e.At, voted.Vote)
		}
		return nil
	})
}

// Decided is an instance that this store knows to be decided, or a row of them.
type Decided struct {
	First, Last protocol.Instance
	// Vote is the node's own last vote for it, if it is still in the log. Nearly always
	// it was for the value that was decided; for certain one knows that from the votes of
	// a majority only, or from the list.
	Vote  *Value
	Cast  protocol.Ballot
	Place wal.Position
}

// Decided visits the instances from from to to (0: the last one) that this store
// knows to be decided: those that its checkpoint has applied. What they did is in the
// list; which entries are whose, no store remembers.
func (f *Folder) Decided(from, to protocol.Instance, visit func(Decided) error) error {
	applied := f.State().Saved.Applied
	from = max(from, 1)
	if to == 0 || to > applied {
		to = applied
	}
	own, err := f.ownVotes(from, to)
	if err != nil {
		return err
	}
	for _, d := range own {
		if err := visitRow(from, d.First-1, visit); err != nil {
			return err
		}
		if err := visit(d); err != nil {
			return err
		}
		from = d.Last + 1
	}
	return visitRow(from, to, visit)
}

func visitRow(first, last protocol.Instance, visit func(Decided) error) error {
	if first > last {
		return nil
	}
	return visit(Decided{First: first, Last: last})
}

// ownVotes are the highest votes for the instances from from to to in the log.
func (f *Folder) ownVotes(from, to protocol.Instance) ([]Decided, error) {
	highest := map[protocol.Instance]Decided{}
	err := f.votesInLog(func(at wal.Position, v protocol.Vote) error {
		if v.Instance < from || v.Instance > to || !highest[v.Instance].Cast.Less(v.Ballot) {
			return nil
		}
		value := DescribeValue(v.Value)
		highest[v.Instance] = Decided{v.Instance, v.Instance, &value, v.Ballot, at}
		return nil
	})
	byInstance := func(x, y Decided) int { return cmp.Compare(x.First, y.First) }
	return slices.SortedFunc(maps.Values(highest), byInstance), err
}
