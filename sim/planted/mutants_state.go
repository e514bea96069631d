package main

var listMutants = []mutant{
	{
		Name: "gap-accepted", Rule: 0,
		What:    "a session's command is applied though one before it is missing",
		File:    "list/state.go",
		Line:    `if r.First > next || r.Last() < next {`,
		Planted: `if r.Last() < next {`,
		Shape:   "roles", Faults: []string{"wan", "loss", "reordering", "crash", "partition", "pause"},
	},
	{
		Name: "overlap-applied-twice", Rule: 0,
		What:    "of a run that was applied in part, all is applied",
		File:    "list/state.go",
		Line:    `if r.First < next {`,
		Planted: `if false {`,
	},
	{
		Name: "sessions-not-restored", Rule: 0,
		What:    "a restart or a snapshot forgets the sessions",
		File:    "list/restore.go",
		Line:    `s.applied, s.length, s.sessions, s.members = applied, length, table, members`,
		Planted: `s.applied, s.length, s.members = applied, length, members`,
	},
	{
		Name: "change-at-once", Rule: 13,
		What:    "a change of the voters governs from the next instance on",
		File:    "list/members.go",
		Line:    `m.Old, m.OldFrom, m.From = m.Voters, m.From, i+protocol.Alpha`,
		Planted: `m.Old, m.OldFrom, m.From = m.Voters, m.From, i+1`,
	},
}

var nodeMutants = []mutant{
	{
		Name: "answer-overtakes", Rule: 1,
		What:    "an answer given again does not wait for the record of the first one",
		File:    "node/disk.go",
		Line:    `case idle && len(records) == 0:`,
		Planted: `case len(records) == 0:`,
	},
	{
		Name: "trim-at-freeze", Rule: 7,
		What:    "votes are forgotten when a checkpoint begins, not when it is durable",
		File:    "node/freeze.go",
		Line:    `f.Checkpoint.Votes = m.Acceptor.VotesAbove(f.Checkpoint.Applied)`,
		Planted: `f.Checkpoint.Votes = m.Acceptor.VotesAbove(f.Checkpoint.Applied); m.Acceptor.Trim(f.Checkpoint.Applied)`,
	},
	{
		Name: "trim-the-applied", Rule: 7,
		What:    "a checkpoint lets votes go that are applied, but not in it",
		File:    "node/freeze.go",
		Line:    `m.Acceptor.Trim(applied)`,
		Planted: `m.Acceptor.Trim(m.List.Applied())`,
	},
	{
		Name: "votes-are-decisions", Rule: 5,
		What:    "after a restart a process takes its own votes for decided",
		File:    "node/machine.go",
		Line:    `m.Learner.Step(0, m.self, &protocol.Accept{Ballot: v.Ballot, Instance: v.Instance, Value: v.Value}, &m.out)`,
		Planted: `m.Learner.Step(0, m.self, &protocol.Decided{Decisions: []protocol.Decision{{Instance: v.Instance, Value: v.Value}}}, &m.out)`,
	},
	{
		Name: "install-drops-votes", Rule: 1,
		What:    "installing a snapshot forgets the votes above it",
		File:    "node/catchup.go",
		Line:    `f.Checkpoint.Votes = m.Acceptor.VotesAbove(in.applied)`,
		Planted: ``,
	},
	{
		Name: "promise-not-checkpointed", Rule: 2,
		What:    "a checkpoint does not hold the promise",
		File:    "node/freeze.go",
		Line:    `c.Promised = m.Acceptor.Promised()`,
		Planted: ``,
	},
	{
		Name: "read-before-applied", Rule: 12, Shape: "servers",
		What:    "a server answers a read before it has applied what the leader named",
		File:    "node/deskread.go",
		Line:    `for r.answered.len() > 0 && r.answered.front().at <= i {`,
		Planted: `for r.answered.len() > 0 {`,
	},
	{
		Name: "any-answer-counts", Rule: 12, Shape: "servers",
		What:    "a late answer to an earlier question lets a read go on",
		File:    "node/deskread.go",
		Line:    `if m.ID != r.id || len(r.asked) == 0 {`,
		Planted: `if len(r.asked) == 0 {`,
	},
}

var storageMutants = []mutant{
	{
		Name: "store-of-another-opened", Rule: 10,
		What:    "a process opens the store of another one",
		File:    "storage/identity.go",
		Line:    `case id == want:`,
		Planted: `case true:`,
	},
	{
		Name: "checkpoint-covers-too-much", Rule: 7,
		What:    "a checkpoint claims to cover records that came after its state was taken",
		File:    "storage/checkpoint.go",
		Line:    `next.mustFollow(&s.last)`,
		Planted: `next.Covers = s.log.End()`,
	},
	{
		Name: "log-dropped-early", Rule: 7,
		What:    "a checkpoint drops more of the log than it covers",
		File:    "storage/checkpoint.go",
		Line:    `return s.dropFront(next.Covers)`,
		Planted: `return s.dropFront(s.log.End())`,
	},
	{
		Name: "votes-not-checkpointed", Rule: 1,
		What:    "a checkpoint leaves the undecided votes out",
		File:    "storage/checkpoint.go",
		Line:    `votes := c.Votes`,
		Planted: `votes := c.Votes[:0]`,
	},
	{
		Name: "promise-not-restored", Rule: 2,
		What:    "recovery does not read the checkpoint's promise",
		File:    "storage/restore.go",
		Line:    `r.Promised, r.Round, r.Applied = st.Promised, st.Round, st.Applied`,
		Planted: `r.Round, r.Applied = st.Round, st.Applied`,
	},
	{
		Name: "round-not-restored", Rule: 3,
		What:    "recovery does not read the rounds in the log",
		File:    "storage/restore.go",
		Line:    `r.Round = max(r.Round, rec.Round)`,
		Planted: ``,
	},
	{
		Name: "lower-vote-restored", Rule: 2,
		What:    "recovery keeps the first vote for an instance, not the one of the highest ballot",
		File:    "storage/restore.go",
		Line:    `case !found || old.Ballot.Less(v.Ballot):`,
		Planted: `case !found:`,
	},
	{
		Name: "database-unchecked", Rule: 11,
		What:    "checksums in the database are not compared",
		File:    "storage/database.go",
		Line:    `if n < 0 || checksum(b, key, sealed[:n]) != binary.LittleEndian.Uint32(sealed[n:]) {`,
		Planted: `if n < 0 {`,
	},
}

var walMutants = []mutant{
	{
		Name: "log-not-synced", Rule: 1,
		What:    "the log is not synced",
		File:    "wal/log.go",
		Line:    `if err := l.syncFile(file); err != nil {`,
		Planted: `if err := error(nil); err != nil {`,
	},
	{
		Name: "sync-error-ignored", Rule: 9,
		What:    "a failed fdatasync of the log counts as a good one",
		File:    "wal/log.go",
		Line:    `if err := l.sync(l.active.file, l.active.path); err != nil {`,
		Planted: `if err := l.sync(l.active.file, l.active.path); err != nil && false {`,
	},
	{
		Name: "folder-not-synced", Rule: 1,
		What:    "the log's folder is not synced when a segment gets its name",
		File:    "wal/log.go",
		Line:    `if err := l.fs.SyncDir(l.dir); err != nil {`,
		Planted: `if err := error(nil); err != nil {`,
	},
	{
		Name: "frame-unchecked", Rule: 11,
		What:    "checksums in the log are not compared: a torn tail is believed",
		File:    "wal/reader.go",
		Line:    `if f.crc != frameCRC(all) {`,
		Planted: `if false {`,
	},
	{
		Name: "damage-cut", Rule: 11,
		What:    "damage in the log before later batches is cut like a torn tail",
		File:    "wal/evidence.go",
		Line:    `if found {`,
		Planted: `if false {`,
	},
}
