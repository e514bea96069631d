package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"paxos/recovery"
	"paxos/storage"
)

// rebuildFlags are the flags of repair rebuild.
type rebuildFlags struct {
	listFlags
	consent
	admission
	from string
}

func newRebuild() *cobra.Command {
	var f rebuildFlags
	cmd := &cobra.Command{
		Use:   "rebuild DIR",
		Short: "Make a store anew from a healthy peer, a stopped folder or a backup",
		Long: `Make a store anew from a healthy peer, a stopped folder or a backup.

For a store that is lost, or damaged beyond its log. A list server gets the list of
the running servers of --cluster, or that of --from; it is removed and added by decided
changes, and votes when it is in step. DIR may be empty: then --node says who it is.
For the roles of the multicast cluster --from is needed, and for an acceptor --id with
a new number (see paxos acceptors add). With an empty DIR it is a store of the role, and of
the cluster, that the stopped process in --from DIR2 has, or a backup of one; --id says which.
A node of a program with a state machine (docs/engine.md) gets all that it needs from the
others when it joins with an empty folder. To spare the network its store may be made of
--from, the folder of another node that is stopped or a backup of one, with --id the
number that AddMember gave it. Where the newest image of the state in that folder is
damaged, the one before it is taken; what it lacks comes from the others.

` + consentHelp + `

` + exitHelp,
		Example: `  paxos repair rebuild data --cluster servers
  paxos repair rebuild data --cluster servers --node n2:5000 --from list.backup
  paxos repair rebuild paxos-data/acceptor-2 --from paxos-data/acceptor-1 --id 4
  paxos repair rebuild kv-data --from kv.backup --id 4`,
		Args: cobra.ExactArgs(1),
		RunE: actionWith(f.run),
	}
	f.listFlags.register(cmd)
	f.admission.register(cmd)
	cmd.Flags().StringVar(&f.from, "from", "", "take the list from a backup, or from the folder of a stopped process (default: from the running servers)")
	f.consent.register(cmd, false)
	return cmd
}

func (f *rebuildFlags) run(cmd *cobra.Command, args []string) error {
	source, done, err := openSource(f.from)
	if err != nil {
		return fail(recoveryExitCode(err), err)
	}
	defer done()
	folder, p, err := takeFolder(args[0])
	if err != nil {
		return err
	}
	defer folder.Close()
	if p != nil {
		return f.carryOut(cmd, p)
	}
	p = &recovery.Plan{Title: "Rebuild the store in " + args[0]}
	s := seat{folder: folder, source: source, dir: args[0]}
	if s.old, err = whoseFolder(p, args[0]); err != nil {
		return fail(recoveryExitCode(err), err)
	}
	p.Lost = append(p.Lost, "the old store's promises and votes: it never votes again",
		"of the list nothing that a majority of the others has")
	if err := f.admission.plan(cmd.Context(), &f.listFlags, p, s, false); err != nil {
		return err
	}
	return f.carryOut(cmd, p)
}

// whoseFolder says what is known of whose store the folder holds, and returns what its file
// "identity" says; nil if that cannot be read.
func whoseFolder(p *recovery.Plan, dir string) (*storage.Identity, error) {
	found := func(format string, args ...any) { p.Found = append(p.Found, fmt.Sprintf(format, args...)) }
	id, where, err := recovery.Whose(dir)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, err
	case errors.Is(err, storage.ErrNotFormatted):
		found("%s holds no store", dir)
	case err != nil:
		found("whose store this is cannot be read: %v", err)
	case where != "":
		found("the identity in %s is missing or damaged; by its %s it is the store of %s", dir, where, id)
	default:
		found("%s holds the store of %s", dir, id)
		return &id, nil
	}
	return nil, nil
}

// openSource opens what --from names; nil for nothing.
func openSource(path string) (s recovery.Source, done func(), err error) {
	if path == "" {
		return nil, func() {}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fail(exitUsage, err)
	}
	if !info.IsDir() {
		s, err = recovery.OpenBackup(path)
		if err != nil {
			return nil, nil, err
		}
		return s, func() { s.Close() }, nil
	}
	lock, err := recovery.Take(path)
	if err != nil {
		return nil, nil, err
	}
	stopped, err := recovery.OpenStopped(path)
	if err == nil && stopped.Head() == nil {
		err = errors.Join(fmt.Errorf("%s: there is no list in it yet", path), stopped.Close())
	}
	if err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	return stopped, func() { stopped.Close(); lock.Close() }, nil
}
