package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/config"
	"paxos/protocol"
	"paxos/recovery"
	"paxos/storage"
)

// restoreFlags are the flags of restore.
type restoreFlags struct {
	listFlags
	consent
	cluster     string
	node        string
	newCluster  bool
	clusterName string
}

func newRestore() *cobra.Command {
	var f restoreFlags
	cmd := &cobra.Command{
		Use:   "restore FILE DIR --node HOST:PORT {--new-cluster | --cluster FILE}",
		Short: "Make a list server's store of a backup",
		Long: `Make a list server's store of a backup.

FILE is a backup, DIR an empty or missing folder, and --node where the server will
be reached. The store has a new store id, and no vote:

  --new-cluster   begins a new cluster with this one server, which others join then
                  (paxos member add; paxos server --join). Members of the old cluster
                  cannot take part in it. A backup of a program with a state machine
                  (docs/engine.md) can be restored so only; start that program on DIR then.
  --cluster FILE  joins the running cluster that the backup is of: the server is added
                  to it, gets what is missing from the others, and then asks for its vote.

` + consentHelp + `

` + exitHelp,
		Example: `  paxos restore list.backup data --node n1:5000 --new-cluster
  paxos restore list.backup data --node n4:5000 --cluster servers`,
		Args: cobra.ExactArgs(2),
		RunE: actionWith(f.run),
	}
	f.listFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.node, "node", "", "where the server will be reached")
	flags.BoolVar(&f.newCluster, "new-cluster", false, "begin a new cluster with it")
	flags.StringVar(&f.clusterName, "cluster-name", "", "with --new-cluster: its name (default: one is drawn)")
	flags.StringVar(&f.cluster, "cluster", "", "join this running cluster")
	f.consent.register(cmd, false)
	cmd.MarkFlagsMutuallyExclusive("new-cluster", "cluster")
	cmd.MarkFlagsOneRequired("new-cluster", "cluster")
	cmd.MarkFlagsMutuallyExclusive("cluster", "cluster-name")
	_ = cmd.MarkFlagRequired("node")
	_ = cmd.MarkFlagFilename("cluster")
	return cmd
}

func (f *restoreFlags) run(cmd *cobra.Command, args []string) error {
	address, err := memberAddress(f.node, f.port)
	if err != nil {
		return fail(exitUsage, fmt.Errorf("--node: %w", err))
	}
	source, err := recovery.OpenBackup(args[0])
	if err != nil {
		return fail(recoveryExitCode(err), err)
	}
	defer source.Close()
	folder, unfinished, err := takeFolder(args[1])
	if err != nil {
		return err
	}
	defer folder.Close()
	if unfinished != nil {
		return f.carryOut(cmd, unfinished)
	}
	if id, err := storage.ReadIdentity(args[1]); !errors.Is(err, storage.ErrNotFormatted) {
		return fail(exitRefused, errors.Join(fmt.Errorf("%s holds a store, %s: name an empty folder, or see: paxos repair rebuild --help", args[1], id), err))
	}
	switch names, err := folder.Holds(); {
	case err != nil:
		return err
	case len(names) > 0:
		return fail(exitRefused, fmt.Errorf("%s is not empty (%s): name an empty or missing folder for the store", args[1], strings.Join(names, ", ")))
	}
	p := &recovery.Plan{Title: "Restore " + args[0] + " into " + args[1]}
	if f.newCluster {
		err = f.planNew(cmd.Context(), p, folder, address, source)
	} else if err = refuseProgram(source); err == nil {
		err = planJoin(cmd.Context(), &f.listFlags, f.cluster, p, &recovery.Join{Folder: folder, Address: address, Source: source, Now: time.Now()}, nil)
	}
	if err != nil {
		return err
	}
	return f.carryOut(cmd, p)
}

func (f *restoreFlags) planNew(ctx context.Context, p *recovery.Plan, folder *recovery.Folder, address string, source recovery.Source) error {
	name, cluster, err := newClusterName(f.clusterName)
	if err != nil {
		return err
	}
	if err := mustBeFree(address); err != nil {
		return err
	}
	p.Found = append(p.Found, source.About())
	p.Lost = append(p.Lost, "what was appended after the backup was made is not in it")
	n := recovery.Foundation{Folder: folder, Address: address, Name: name, Cluster: cluster, Source: source, Now: time.Now()}
	err = n.Plan(ctx, p, nil)
	return fail(recoveryExitCode(err), err)
}

// newClusterName is the name of a new cluster and the identity that is made of it.
// One that is drawn is nobody else's.
func newClusterName(name string) (string, protocol.ClusterID, error) {
	if name == "" {
		name = "recovered-" + rand.Text()[:10]
	}
	if !config.ValidName(name) {
		return "", 0, fail(exitUsage, fmt.Errorf("--cluster-name %q: want one word of up to 64 printable ASCII characters", name))
	}
	return name, config.Servers(nil).ClusterID(name), nil
}

// takeFolder takes a store's folder; unfinished, if not nil, is what must be done
// before anything else.
func takeFolder(dir string) (folder *recovery.Folder, unfinished *recovery.Plan, err error) {
	if folder, err = recovery.Take(dir); err != nil {
		return nil, nil, fail(recoveryExitCode(err), err)
	}
	is, err := folder.Unfinished()
	if err != nil {
		return nil, nil, errors.Join(err, folder.Close())
	}
	if is {
		if unfinished, err = recovery.FinishPlan(folder); err != nil {
			return nil, nil, errors.Join(err, folder.Close())
		}
	}
	return folder, unfinished, nil
}

// mustBeFree refuses the address of a new store where somebody listens: two would answer
// there, or the new one could not.
func mustBeFree(address string) error {
	if !recovery.Listens(address) {
		return nil
	}
	return fail(exitFailed, fmt.Errorf("somebody listens at %s: stop that server first, or name another address with --node", address))
}

// planJoin plans with the running cluster of a cluster file. fetch, if not nil, makes
// the source of the cluster's own list.
func planJoin(ctx context.Context, f *listFlags, file string, p *recovery.Plan, j *recovery.Join, fetch func(recovery.Fetcher) error) error {
	s, err := f.resolve(file)
	if err != nil {
		return err
	}
	if err := mustBeFree(j.Address); err != nil {
		return err
	}
	j.File = file
	c, err := s.client()
	if err != nil {
		return fail(exitUsage, err)
	}
	context.AfterFunc(ctx, func() { c.Close() })
	j.Cluster = c
	if fetch != nil {
		err := fetch(func(ctx context.Context, out io.Writer) error { return s.fetch(ctx, false, out) })
		if err != nil {
			return err
		}
	}
	err = j.Plan(ctx, p)
	return fail(recoveryExitCode(err), err)
}
