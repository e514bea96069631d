package inspect

import (
	"fmt"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
	"paxos/wal"
)

// State is what a store adds up to.
type State struct {
	// Saved is what the checkpoint says, HasSaved whether it could be read.
	Saved    storage.StateRecord
	HasSaved bool
	// Restored is that with the log replayed on top: what the node would start with.
	// Where something is damaged, it is what could be read.
	Restored storage.Restored
	// List is the list of the checkpoint without its chunks, nil if there is none,
	// or it cannot be read.
	List         *list.State
	SessionsOnly bool // the list has no entries, only sessions: a proposer's
	// Images are those of a program's own state machine, if it has any: the chunks
	// below Images.Kept may be missing.
	Images storage.Images
	at     places
}

// places are where in the database's file the values of the bucket meta are.
type places struct{ state, images int64 }

// State reads what the store adds up to, once. It is never nil; see Err.
func (f *Folder) State() *State {
	if f.state == nil {
		f.steadily(func() { f.state = f.readState() })
	}
	return f.state
}

func (f *Folder) readState() *State {
	for _, x := range f.opening {
		f.report(x)
	}
	s := new(State)
	head := f.readMeta(s)
	replay := storage.NewReplay(s.Saved, head)
	f.readVotes(s, replay)
	s.Restored = replay.Done(f.replayLog(s, replay))
	if head != nil {
		var err error
		if s.List, s.SessionsOnly, err = list.RestoreAny(head); err != nil {
			f.report(Finding{File: f.path(storage.DatabaseName), Offset: -1, Detail: fmt.Sprintf("the list's head: %v", err)})
		}
	}
	return s
}

// readMeta reads the bucket with the state and the head, which it returns.
func (f *Folder) readMeta(s *State) (head []byte) {
	path := f.path(storage.DatabaseName)
	s.at = places{-1, -1}
	_ = f.values(storage.BucketMeta, nil, func(v stored) error {
		switch string(v.key) {
		case storage.KeyIdentity:
			f.checkIdentity(v)
		case storage.KeyHead:
			head = append([]byte{}, v.value...)
		case storage.KeyState:
			saved, err := storage.DecodeStateRecord(v.value)
			if err != nil {
				f.report(Finding{File: path, Offset: v.at, Detail: err.Error()})
				return nil
			}
			s.Saved, s.HasSaved, s.at.state = saved, true, v.at
		case storage.KeyImages:
			named, err := storage.DecodeNamedImages(v.value)
			if err != nil {
				f.report(Finding{File: path, Offset: v.at, Detail: err.Error()})
			}
			s.Images, s.at.images = named, v.at
		default:
			f.report(Finding{File: path, Offset: v.at, Detail: fmt.Sprintf("bucket meta has the unknown key %q", v.key)})
		}
		return nil
	})
	if !f.hasMeta {
		return nil
	}
	if !s.HasSaved {
		f.report(Finding{File: path, Offset: -1, Detail: "there is no state that could be read"})
		return head
	}
	if err := s.Saved.CheckHead(head); err != nil {
		f.report(Finding{File: path, Offset: s.at.state, Detail: err.Error()})
	}
	return head
}

// checkIdentity compares the database's identity with the folder's.
func (f *Folder) checkIdentity(v stored) {
	id, err := storage.DecodeIdentity(v.value)
	switch {
	case err != nil:
		f.report(Finding{File: f.path(storage.DatabaseName), Offset: v.at, Detail: fmt.Sprintf("identity: %v", err)})
	case !f.whole:
		f.identity = id // the best that there is; that the file is damaged was said
	case id != f.identity:
		f.report(Finding{File: f.path(storage.DatabaseName), Offset: v.at, Detail: fmt.Sprintf("it belongs to another store, %s", id)})
	}
}

// readVotes replays the checkpoint's votes.
func (f *Folder) readVotes(s *State, replay storage.Replay) {
	if !f.hasMeta {
		return
	}
	var count storage.VoteCount
	_ = f.values(storage.BucketVotes, nil, func(v stored) error {
		count.Add(v.key, v.value)
		vote, err := decodeVote(v)
		if err == nil {
			err = replay.Vote(vote)
		}
		if err != nil {
			f.report(Finding{File: f.path(storage.DatabaseName), Offset: v.at, Detail: err.Error()})
		}
		return nil
	})
	if s.HasSaved {
		if err := count.Check(&s.Saved); err != nil {
			f.report(Finding{File: f.path(storage.DatabaseName), Offset: -1, Detail: err.Error()})
		}
	}
}

// decodeVote reads a vote of the checkpoint, which stands under its own instance.
func decodeVote(v stored) (protocol.Vote, error) {
	n, err := storage.DecodeNumberKey(v.key)
	if err != nil {
		return protocol.Vote{}, fmt.Errorf("vote: %w", err)
	}
	rec, err := protocol.DecodeRecord(protocol.RecordVoted, v.value)
	if err != nil {
		return protocol.Vote{}, fmt.Errorf("vote for instance %d: %w", n, err)
	}
	vote := rec.(*protocol.Voted).Vote
	if uint64(vote.Instance) != n {
		return vote, fmt.Errorf("a vote for instance %s stands under instance %d", vote.Instance, n)
	}
	return vote, nil
}

// replayLog replays the log from the checkpoint's place on, as far as it goes.
func (f *Folder) replayLog(s *State, replay storage.Replay) wal.Report {
	report, err := wal.Check(f.logOptions(), s.Saved.Covers, func(at wal.Position, typ uint8, payload []byte) error {
		f.replayRecord(at, replay.Record(at, typ, payload))
		return f.ctx.Err()
	})
	if err != nil {
		f.reportLog(err)
	}
	if f.inUse() {
		report.Torn = false // what stands at the end is being written
	}
	return report
}
