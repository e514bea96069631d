package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"paxos/inspect"
	"paxos/internal/terminal"
)

func newInspectDiff() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "diff DIR [DIR...]",
		Short: "Do the nodes agree? Who is behind?",
		Long: `Do the nodes agree? Who is behind?

Compares the lists as far as all go and names the first difference; the heads of those
that are at the same instance; and the votes above the checkpoints, since a ballot has
one value for an instance. A DIR may also be a folder with the folders of several nodes.
The exit code is 1 if they contradict each other; to be behind is no contradiction. What
cannot be read is not compared: then they agree as far as can be read, exit code 5.

` + exitHelp,
		Example: `  paxos inspect diff paxos-data/server-1 paxos-data/server-2 paxos-data/server-3
  paxos inspect diff paxos-data`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.RunE = actionWith(f.diff)
	f.register(cmd)
	return cmd
}

func (f *inspectFlags) diff(cmd *cobra.Command, args []string) error {
	l, err := f.begin(cmd)
	if err != nil {
		return err
	}
	var folders []*inspect.Folder
	defer func() {
		for _, folder := range folders {
			_ = folder.Close() // nothing was written
		}
	}()
	for _, dir := range storesIn(args) {
		folder, err := inspect.Open(dir, inspect.Options{Report: l.found, Context: cmd.Context()})
		if err != nil {
			return fail(storeExitCode(err), err)
		}
		folders = append(folders, folder)
		if folder.Running() {
			giveWay()
		}
	}
	if len(folders) < 2 {
		return fail(exitUsage, errors.New("name two folders at least, or one that holds those of several nodes"))
	}
	d, err := inspect.Diff(folders)
	if err == nil {
		err = l.difference(d)
	}
	return l.end(err)
}

// storesIn puts the folders of nodes in the place of those that only hold them.
func storesIn(dirs []string) (all []string) {
	for _, dir := range dirs {
		if stores := inspect.Stores(dir); len(stores) > 0 {
			all = append(all, stores...)
		} else {
			all = append(all, dir)
		}
	}
	return all
}

const diffColumns = "%-12s %12v %14v %10v %8v  %-18s %s\n"

func (l *look) difference(d inspect.Difference) error {
	if l.json {
		if err := l.object(d); err != nil {
			return err
		}
		return disagreement(d)
	}
	if err := l.print(diffColumns, "NODE", "APPLIED", "LENGTH", "BEHIND", "VOTES", "PROMISED", "FOLDER"); err != nil {
		return err
	}
	for _, n := range d.Nodes {
		err := l.print(diffColumns, n.Name, known(n.Applied), known(n.Length), known(n.Behind), n.Votes, ballotName(n.Ballot.Ballot), n.Dir+": "+n.How)
		if err != nil {
			return err
		}
	}
	if err := l.contradictions(d); err != nil {
		return err
	}
	return disagreement(d)
}

// known is a number, if it could be read.
func known[T ~uint64](n *T) string {
	if n == nil {
		return "?"
	}
	return terminal.Number(*n)
}

func (l *look) contradictions(d inspect.Difference) error {
	lines := append(d.Foreign, d.Heads...)
	if x := d.Lists; x != nil {
		lines = append(lines, fmt.Sprintf("the lists differ first at index %d: %s has %s, %s has %s", x.Index, x.A, plainText(x.AHas), x.B, plainText(x.BHas)))
	}
	for _, v := range d.Votes {
		lines = append(lines, fmt.Sprintf("rule 3 is broken: in ballot %s, %s and %s voted for different values for instance %s", v.Ballot, v.A, v.B, v.Instance))
	}
	for _, line := range lines {
		if err := l.print("DIFFERENT: %s\n", line); err != nil {
			return err
		}
	}
	for _, line := range d.Copies {
		if err := l.print("note: %s\n", line); err != nil {
			return err
		}
	}
	if d.Result == inspect.DoNotAgree {
		return nil
	}
	return l.print("they %s; %s\n", d.Result, openVotes(d))
}

// openVotes says what is above the checkpoints.
func openVotes(d inspect.Difference) string {
	text := fmt.Sprintf("above the checkpoints there are votes for %s", terminal.Count(d.Open, "instance", "instances"))
	switch {
	case d.Open == 0:
		return "there are no votes above the checkpoints"
	case len(d.Voters) == 0:
		return text + "; no list that can be read names the voters, so which of them are decided is not known"
	}
	return text + fmt.Sprintf(", %d of them decided by these folders (%d vote)", d.Decided, len(d.Voters))
}

func disagreement(d inspect.Difference) error {
	if d.Result != inspect.DoNotAgree {
		return nil
	}
	return fail(exitFailed, errors.New("the nodes do not agree"))
}
