package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"paxos/inspect"
	"paxos/protocol"
)

func newInspectPromises() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "promises DIR",
		Short: "Print what the acceptor has promised, its round, and its pins",
		Long: `Print what the acceptor has promised, its round, and the stores it has pinned
the acceptors to: from the checkpoint, and with the log on top of it.

` + exitHelp,
		Example: "  paxos inspect promises paxos-data/acceptor-1",
		Args:    cobra.ExactArgs(1),
		RunE:    f.look(showPromises),
	}
	f.register(cmd)
	return cmd
}

// promises is what inspect promises prints in JSON.
type promises struct {
	Checkpoint *promise          `json:"checkpoint"` // null: it cannot be read
	Now        promise           `json:"now"`
	Whole      bool              `json:"whole"` // else there may be more
	Damaged    []inspect.Finding `json:"damaged,omitempty"`
}

type promise struct {
	Promised inspect.Ballot `json:"promised"`
	Round    uint64         `json:"round"`
	Pins     []inspect.Pin  `json:"pins"`
}

func newPromise(b protocol.Ballot, round uint64, pins []protocol.Pin) promise {
	return promise{inspect.Ballot{Ballot: b}, round, inspect.Pins(pins)}
}

func showPromises(l *look) error {
	s := l.folder.State()
	if err := l.title(); err != nil {
		return err
	}
	damage := l.folder.Damage()
	p := promises{
		Now:   newPromise(s.Restored.Promised, s.Restored.Round, s.Restored.Pins),
		Whole: len(damage) == 0, Damaged: damage,
	}
	rows := append([]row{{"now", "the checkpoint, and the log on top of it"}}, p.Now.rows(atLeast(p.Whole))...)
	if !s.HasSaved {
		return l.object(p, append(rows, row{"checkpoint", "cannot be read"})...)
	}
	saved := newPromise(s.Saved.Promised, s.Saved.Round, s.Saved.Pins)
	p.Checkpoint = &saved
	rows = append(rows, row{"checkpoint", fmt.Sprintf("at instance %s", s.Saved.Applied)})
	return l.object(p, append(rows, saved.rows("")...)...)
}

// rows are the lines for people; before stands before what may be more.
func (p promise) rows(before string) []row {
	rows := []row{{"  promised", before + fullBallot(p.Promised.Ballot)}, {"  round", before + fmt.Sprint(p.Round)}}
	for i, pin := range p.Pins {
		rows = append(rows, row{nameOnce(i, "  pins"), fmt.Sprintf("acceptor %s: store %s", pin.Acceptor, pin.Store)})
	}
	return rows
}

// fullBallot writes a ballot with its whole incarnation.
func fullBallot(b protocol.Ballot) string {
	if b.IsZero() {
		return "nothing"
	}
	return fmt.Sprintf("%s  (round %d, proposer %s, incarnation %016x)", b, b.Round, b.Proposer, b.Incarnation)
}

func newInspectVotes() *cobra.Command {
	var f inspectFlags
	var instance uint64
	cmd := &cobra.Command{
		Use:   "votes DIR",
		Short: "Print the votes above the checkpoint, or all for one instance",
		Long: `Print the votes above the checkpoint, or all for one instance.

These are the votes that the node would start with: the last for each instance. With
--instance all votes are printed that are still there, in their order, with the commands
in their values.

` + exitHelp,
		Example: "  paxos inspect votes paxos-data/acceptor-1\n  paxos inspect votes paxos-data/acceptor-1 --instance 1234",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = f.look(func(l *look) error { return showVotes(l, protocol.Instance(instance)) })
	cmd.Flags().Uint64Var(&instance, "instance", 0, "print all votes for this instance")
	f.register(cmd)
	return cmd
}

// voteLine is a line of inspect votes in JSON.
type voteLine struct {
	Instance protocol.Instance `json:"instance"`
	Ballot   inspect.Ballot    `json:"ballot"`
	Value    inspect.Value     `json:"value"`
	In       string            `json:"in,omitempty"`
	Items    []string          `json:"items,omitempty"`
}

const (
	voteColumns      = "%12v  %-16s %-10v %s\n"
	voteColumnsWhere = "%12v  %-16s %-10v %-14s %s\n" // of one instance
)

func showVotes(l *look, instance protocol.Instance) error {
	if instance == 0 {
		if err := l.heading(voteColumns, "INSTANCE", "BALLOT", "BYTES", "VALUE"); err != nil {
			return err
		}
		return l.folder.Votes(func(v inspect.Vote) error { return showVote(l, v, false) })
	}
	if err := l.heading(voteColumnsWhere, "INSTANCE", "BALLOT", "BYTES", "IN", "VALUE"); err != nil {
		return err
	}
	l.folder.State() // for what is damaged
	return l.folder.VotesFor(instance, func(v inspect.Vote) error { return showVote(l, v, true) })
}

func showVote(l *look, v inspect.Vote, items bool) error {
	line := voteLine{Instance: v.Instance, Ballot: inspect.Ballot{Ballot: v.Ballot}, Value: inspect.DescribeValue(v.Value), In: v.In}
	if items {
		line.Items = inspect.Items(v.Value)
	}
	if l.json {
		return l.line(line)
	}
	if !items {
		return l.print(voteColumns, v.Instance, v.Ballot, line.Value.Bytes, line.Value)
	}
	err := l.print(voteColumnsWhere, v.Instance, v.Ballot, line.Value.Bytes, v.In, line.Value)
	for _, item := range line.Items {
		if err == nil {
			err = l.print("%12s  %s\n", "", item)
		}
	}
	return err
}

func newInspectDecided() *cobra.Command {
	var f inspectFlags
	var from, to uint64
	cmd := &cobra.Command{
		Use:   "decided DIR",
		Short: "Print the instances that this store knows to be decided",
		Long: `Print the instances that this store knows to be decided: those that its checkpoint
has applied. What they did is in the list; which of its entries are whose, no store
remembers. Where the node's own vote for an instance is still in the log it is shown.
It was for the decided value nearly always; for certain, a majority's votes say so
('paxos inspect diff'), or the list.

` + exitHelp,
		Example: "  paxos inspect decided paxos-data/server-1 --from 1000 --to 1020",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = f.look(func(l *look) error { return showDecided(l, protocol.Instance(from), protocol.Instance(to)) })
	cmd.Flags().Uint64Var(&from, "from", 1, "first instance")
	cmd.Flags().Uint64Var(&to, "to", 0, "last instance; 0: the last that is decided")
	f.register(cmd)
	return cmd
}

// decidedLine is a line of inspect decided in JSON.
type decidedLine struct {
	First  protocol.Instance `json:"first"`
	Last   protocol.Instance `json:"last"`
	Ballot *inspect.Ballot   `json:"own_ballot,omitempty"`
	Value  *inspect.Value    `json:"own_vote,omitempty"`
}

const decidedColumns = "%-25s %-16s %s\n"

func showDecided(l *look, from, to protocol.Instance) error {
	if err := l.heading(decidedColumns, "INSTANCES", "OWN VOTE", "VALUE"); err != nil {
		return err
	}
	where := "in the list"
	if l.folder.State().SessionsOnly {
		where = "applied: of the list only the sessions are kept"
	}
	return l.folder.Decided(from, to, func(d inspect.Decided) error {
		line := decidedLine{First: d.First, Last: d.Last, Value: d.Vote}
		names, ballot, value := d.First.String(), "", where
		if d.Last > d.First {
			names = fmt.Sprintf("%s to %s", d.First, d.Last)
		}
		if d.Vote != nil {
			line.Ballot = &inspect.Ballot{Ballot: d.Cast}
			ballot, value = d.Cast.String(), d.Vote.String()
		}
		if l.json {
			return l.line(line)
		}
		return l.print(decidedColumns, names, ballot, value)
	})
}
