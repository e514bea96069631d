package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/config"
	"paxos/recovery"
)

// newClusterFlags are the flags of repair new-cluster.
type newClusterFlags struct {
	consent
	port        uint16
	node        string
	clusterName string
	votes       string
}

func newNewCluster() *cobra.Command {
	var f newClusterFlags
	cmd := &cobra.Command{
		Use:   "new-cluster DIR... --node HOST:PORT",
		Short: "Begin a new cluster with what a minority has left: the last resort, data may be lost",
		Long: `Begin a new cluster with what a minority has left: the last resort, data may be lost.

For list servers, and nodes of a program with a state machine (docs/engine.md), of
which a majority is lost for ever: disks gone, not servers switched off. Everything
that was acknowledged and is known only to the lost ones is lost. DIR are the folders
of the survivors, all stopped; the one that knows most of the list becomes the first
and only member of a NEW cluster, with a name of its own, and others join it. No
member of the old one can take part in it.

Of a program it is the state in the store's newest image, and the commands behind it. The
program is then started on the folder, with Options.Self as --node and no other Peers.

Votes above the list are known to the survivors alone, not whether they were decided.
With --votes adopt (the default) those are applied that a leader would propose, as far
as there is one for each instance; with --votes drop none.

Never start an old member on its old folder again: old members that are a majority
together would go on as the old cluster, beside the new one.

` + consentHelp + `
On a terminal the new cluster's name must be typed; a script needs --yes and
--i-accept-data-loss.

` + exitHelp,
		Example: `  paxos repair new-cluster data --node n1:5000 --dry-run
  paxos repair new-cluster data /mnt/n2/data --node n1:5000 --cluster-name shop-2`,
		Args: cobra.MinimumNArgs(1),
		RunE: actionWith(f.run),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Uint16Var(&f.port, "port", config.DefaultPort, "port of a --node without one")
	flags.StringVar(&f.node, "node", "", "where the first server of the new cluster will be reached")
	flags.StringVar(&f.clusterName, "cluster-name", "", "name of the new cluster (default: one is drawn)")
	flags.StringVar(&f.votes, "votes", "adopt", "what to do with votes above the list: adopt or drop")
	f.consent.register(cmd, true)
	_ = cmd.MarkFlagRequired("node")
	return cmd
}

func (f *newClusterFlags) run(cmd *cobra.Command, args []string) error {
	address, err := memberAddress(f.node, f.port)
	if err != nil {
		return fail(exitUsage, fmt.Errorf("--node: %w", err))
	}
	if f.votes != "adopt" && f.votes != "drop" {
		return fail(exitUsage, fmt.Errorf("--votes %q: want adopt or drop", f.votes))
	}
	name, cluster, err := newClusterName(f.clusterName)
	if err != nil {
		return err
	}
	if err := mustDiffer(args); err != nil {
		return err
	}
	left := recovery.Survivors{DropVotes: f.votes == "drop"}
	for _, dir := range args {
		if err := mustBeStore(dir); err != nil {
			return err
		}
		folder, unfinished, err := takeFolder(dir)
		if err != nil {
			return err
		}
		defer folder.Close()
		if unfinished != nil {
			return f.carryOut(cmd, unfinished)
		}
		left.Folders = append(left.Folders, folder)
	}
	p := &recovery.Plan{Title: "NEW CLUSTER FROM A MINORITY: WHAT ONLY THE LOST SERVERS KNOW IS LOST FOR EVER", Loud: true, Word: name}
	if err := left.Look(p); err != nil {
		return fail(recoveryExitCode(err), err)
	}
	defer left.Close()
	if err := mustBeLost(&left); err != nil {
		return err
	}
	if err := mustBeFree(address); err != nil {
		return err
	}
	p.Lost = append(p.Lost, lastResort...)
	store, folder := left.Best()
	n := recovery.Foundation{Folder: folder, Address: address, Name: name, Cluster: cluster, Source: store, Now: time.Now()}
	if err := n.Plan(cmd.Context(), p, left.Votes()); err != nil {
		return fail(recoveryExitCode(err), err)
	}
	p.Then = append(p.Then, "never start an old member on its old folder again: empty the folders of the lost ones before they come back")
	return f.carryOut(cmd, p)
}

// mustDiffer refuses a folder that is named twice.
func mustDiffer(dirs []string) error {
	seen := make([]os.FileInfo, len(dirs))
	for i, dir := range dirs {
		seen[i], _ = os.Stat(dir) // what is not there is told by who opens it
		for j, other := range seen[:i] {
			if os.SameFile(seen[i], other) {
				return fail(exitUsage, fmt.Errorf("%s and %s are one folder: name that of each survivor once", dirs[j], dir))
			}
		}
	}
	return nil
}

// lastResort is what is lost in any case.
var lastResort = []string{
	"everything that was acknowledged and that only the lost servers know: nobody can say how much that is",
	"the word that was given: a place in the list that a client was told may have another value now",
}

// mustBeLost refuses while there is a majority.
func mustBeLost(left *recovery.Survivors) error {
	there, majority, err := left.StillThere(recovery.Listens)
	if err != nil || !majority {
		return err
	}
	return fail(exitRefused, errors.New("the cluster is not lost, a majority of it is there: "+strings.Join(there, ", ")+
		". Start these, or stop what listens there; nothing was done"))
}
