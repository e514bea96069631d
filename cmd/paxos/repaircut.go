package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"paxos/protocol"
	"paxos/recovery"
	"paxos/server/listclient"
	"paxos/storage"
)

// admission is how a repaired store gets a number under which it may be let in.
type admission struct {
	cluster string
	node    string
	id      uint32
}

func (a *admission) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&a.cluster, "cluster", "", "cluster file of a list server's running cluster")
	flags.StringVar(&a.node, "node", "", "where that server will be reached (default: where its member is)")
	flags.Uint32Var(&a.id, "id", 0, "number of a role of the multicast cluster, or of a program's node; of one that votes it must be new")
	cmd.MarkFlagsMutuallyExclusive("cluster", "id")
	_ = cmd.MarkFlagFilename("cluster")
}

// cutTailFlags are the flags of repair cut-tail.
type cutTailFlags struct {
	listFlags
	consent
	admission
}

func newCutTail() *cobra.Command {
	var f cutTailFlags
	cmd := &cobra.Command{
		Use:   "cut-tail DIR",
		Short: "Give up the log of a store that is refused because the log is damaged",
		Long: `Give up the log of a store that is refused because the log is damaged.

It says what is damaged, by file and offset, and what lies behind it. A last batch
that is torn needs nothing: the next start cuts it, since it was never acknowledged.
Any other damage may have taken votes that were acknowledged. An acceptor that has
forgotten votes may help to decide something else; so the store keeps its list as of
its last checkpoint, and loses its vote. As a newcomer, under a new number, it is let
in by the others:

  a list server     --cluster FILE: it is removed and added by decided changes
  an acceptor       --id N: a new number; see paxos acceptors add
  a program's node  --id N: the new number that AddMember gave it (docs/engine.md)
  proposer, learner keep their number, for they have no vote

` + consentHelp + `

` + exitHelp,
		Example: `  paxos repair cut-tail data --dry-run
  paxos repair cut-tail data --cluster servers`,
		Args: cobra.ExactArgs(1),
		RunE: actionWith(f.run),
	}
	f.listFlags.register(cmd)
	f.admission.register(cmd)
	f.consent.register(cmd, false)
	return cmd
}

func (f *cutTailFlags) run(cmd *cobra.Command, args []string) error {
	if err := mustBeStore(args[0]); err != nil {
		return err
	}
	folder, p, err := takeFolder(args[0])
	if err != nil {
		return err
	}
	defer folder.Close()
	if p != nil {
		return f.carryOut(cmd, p)
	}
	damaged, err := recovery.Examine(folder)
	if errors.Is(err, fs.ErrPermission) {
		return fail(recoveryExitCode(err), err) // that is no damage
	}
	if err != nil {
		return fail(recoveryExitCode(err), fmt.Errorf("%w\nthe checkpoint itself cannot be read: see paxos repair rebuild", err))
	}
	defer damaged.Store.Close()
	p = damaged.Begin()
	if !p.Idle {
		identity := damaged.Store.Identity()
		err = f.admission.plan(cmd.Context(), &f.listFlags, p, seat{folder: folder, old: &identity, source: damaged.Store}, f.dryRun)
		if err != nil {
			return errors.Join(printReport(cmd, f.json, p), err)
		}
	}
	return f.carryOut(cmd, p)
}

// mustBeStore keeps a mistyped folder from being made.
func mustBeStore(dir string) error {
	if _, err := storage.ReadIdentity(dir); err != nil && !errors.Is(err, storage.ErrCorrupt) {
		return fail(exitRefused, err)
	}
	return nil
}

// seat is the folder that a repaired store goes to, and what it is made of.
type seat struct {
	folder *recovery.Folder
	old    *storage.Identity // of the store that is there; nil: it cannot be read
	source recovery.Source   // nil: what the cluster has
	dir    string
}

// plan plans how the new store is let in.
func (a *admission) plan(ctx context.Context, f *listFlags, p *recovery.Plan, s seat, dryRun bool) error {
	role, err := a.role(s)
	switch {
	case err != nil:
		return err
	case role != nil:
		return a.planRole(ctx, p, s, *role)
	}
	if err := refuseProgram(s.source); err != nil {
		return err
	}
	if a.cluster == "" {
		if dryRun {
			if err := s.source.Whole(ctx, p); err != nil {
				return fail(recoveryExitCode(err), err)
			}
			p.Steps = append(p.Steps, "with --cluster FILE: have the others remove this server, and add it under a new number; make it a new store")
			return nil
		}
		return fail(exitUsage, errors.New("--cluster FILE is needed: the store has lost its vote, and only the others can let it in again, under a new number"))
	}
	return a.planServer(ctx, f, p, s)
}

// refuseProgram refuses to let a node of a program with a state machine in: its nodes
// do not answer as list servers do.
func refuseProgram(source recovery.Source) error {
	if source == nil || source.Images().Newest.Index == 0 {
		return nil
	}
	return fail(exitRefused, fmt.Errorf("%w: %s; behind an image of a program's state, and these commands cannot ask that program's nodes: have it remove the node (RemoveMember), "+
		"add it again (AddMember), and start it with an empty folder and Options.Join: it gets the state from the others. To spare the network: paxos repair rebuild DIR --id N --from this, "+
		"where N is the number that it was added with", storage.ErrImages, source.About()))
}

func (a *admission) planServer(ctx context.Context, f *listFlags, p *recovery.Plan, s seat) error {
	servers, err := f.resolve(a.cluster)
	if err != nil {
		return err
	}
	address, members, err := a.address(ctx, servers, s.old)
	if err != nil {
		return err
	}
	j := &recovery.Join{Folder: s.folder, Address: address, Source: s.source, Now: time.Now()}
	return planJoin(ctx, f, a.cluster, p, j, func(fetch recovery.Fetcher) error {
		if s.source != nil {
			return nil
		}
		cluster, err := recovery.ParseClusterID(members.Cluster)
		j.Source = recovery.Fetched(s.dir, cluster, fetch)
		return err
	})
}

// address is where the server will be reached: as it is told, or where its member is.
func (a *admission) address(ctx context.Context, servers listServers, old *storage.Identity) (address string, m listclient.Membership, err error) {
	err = servers.call(ctx, func(ctx context.Context, c *listclient.Client) error {
		m, err = c.Members(ctx)
		return err
	})
	if err != nil {
		return "", m, fmt.Errorf("ask the cluster who its members are (without a majority of them nobody can be let in: see paxos repair new-cluster): %w", err)
	}
	if a.node != "" {
		address, err = memberAddress(a.node, servers.all[0].Port)
		return address, m, fail(exitUsage, err)
	}
	at := slices.IndexFunc(m.Members, func(x listclient.Member) bool { return old != nil && x.ID == old.ID })
	if at < 0 {
		return "", m, fail(exitUsage, errors.New("--node HOST:PORT is needed: no member of the cluster has its store in this folder"))
	}
	return m.Members[at].Address, m, nil
}

// role is whose store it was if it was one of the multicast cluster's, or of a server that
// has got its number already; nil if not. Where it is lost, and --id is given, cluster and
// role are those of the store that it is made from.
func (a *admission) role(s seat) (*storage.Identity, error) {
	old := s.old
	if old == nil && a.id != 0 {
		from, err := whose(s.source)
		if err != nil {
			return nil, err
		}
		old = &from
	}
	if old == nil || old.Role == protocol.RoleServer && a.id == 0 {
		return nil, nil
	}
	return old, nil
}

// whose is the cluster and the role that a list is of.
func whose(source recovery.Source) (storage.Identity, error) {
	if source == nil {
		return storage.Identity{}, fail(exitUsage, errors.New("--from is needed: the folder, or a backup, of a process of the role that is lost: nothing else says whose store this was"))
	}
	return storage.Identity{Cluster: source.Cluster(), Role: source.Role()}, nil
}

// planRole plans for a store whose number is given.
func (a *admission) planRole(ctx context.Context, p *recovery.Plan, s seat, old storage.Identity) error {
	if s.source == nil {
		return fail(exitUsage, errors.New("--from is needed: a folder or a backup with the list"))
	}
	want := storage.Identity{Cluster: old.Cluster, Role: old.Role, ID: old.ID}
	switch {
	case a.id != 0:
		want.ID = protocol.NodeID(a.id)
	case want.Role == protocol.RoleAcceptor:
		return fail(exitUsage, errors.New("--id N is needed: the acceptor has lost its vote, and is let in again under a number that none ever had"))
	}
	r := &recovery.Reissue{Folder: s.folder, Want: want, Source: s.source, Now: time.Now()}
	err := r.Plan(ctx, p)
	return fail(recoveryExitCode(err), err)
}
