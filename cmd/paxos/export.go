package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/terminal"
	"paxos/recovery"
	"paxos/storage"
	"paxos/vfs"
)

// exportFlags are the flags of export.
type exportFlags struct {
	listFlags
	out     string
	from    uint64
	limit   uint64
	indexes bool
	local   bool
	skip    bool
}

func newExport() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export SOURCE",
		Short: "Write a list as text, one value a line, for other programs and for import",
		Long: `Write a list as text, one value a line, for other programs and for import.

` + sourceHelp + `

Integers of any size and strings are written in JSON, exactly as they are; so a line
is a JSON text (NDJSON). From running servers it is everything that was acknowledged
before. A stopped server's folder gives its last checkpoint; stderr says how many votes
stand above it, of which nobody there knows whether they were decided. The folder
of an acceptor or learner of the multicast cluster gives the lines as clients sent them.

With --out the file gets its name when it is whole; it must not exist.

Of a stopped server's folder with damage in it, --skip-damaged writes all that can be
read, and says on stderr which values are missing; with --indexes each value says where
it stood. Where values are missing, the exit code is 5.

` + exitHelp,
		Example: `  paxos export servers > list.ndjson
  paxos export 10.0.0.1:5000 --out list.ndjson --from 1000 --limit 50
  paxos export data --indexes --skip-damaged`,
		Args: cobra.ExactArgs(1),
		RunE: actionWith(f.run),
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "write to this new file (default: stdout)")
	flags.Uint64Var(&f.from, "from", 0, "index of the first value; the list begins with 0")
	flags.Uint64Var(&f.limit, "limit", 0, "write so many values at most; 0: all")
	flags.BoolVar(&f.indexes, "indexes", false, `write an object a line: {"index":0,"value":7}`)
	flags.BoolVar(&f.skip, "skip-damaged", false, "of a folder: leave out what is damaged, and say which values are missing")
	flags.BoolVar(&f.local, "local", false, "take what a server has, without asking the others")
	return cmd
}

func (f *exportFlags) run(cmd *cobra.Command, args []string) error {
	s, err := f.source(args[0])
	if err != nil {
		return err
	}
	if f.skip && s.dir == "" {
		return fail(exitUsage, errors.New("--skip-damaged is for the folder of a stopped server: from running ones whole values come, or none"))
	}
	status := terminal.NewStatus(cmd.ErrOrStderr())
	if f.out == "" && terminal.Is(cmd.OutOrStdout()) {
		status = nil // it would stand in the midst of the values
	}
	x := &valueExport{flags: f, status: status, say: func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) }}
	if f.out == "" {
		err = unlessUnread(x.write(cmd.Context(), s, cmd.OutOrStdout()))
		if errors.Is(err, syscall.ENOSPC) {
			err = fail(exitFailed, err) // no store's disk is full, but what stdout goes to
		}
	} else {
		err = x.toFile(cmd.Context(), s, f.out)
	}
	status.Clear()
	if err != nil {
		return fail(recoveryExitCode(err), err)
	}
	x.say("%s values", terminal.Number(x.count))
	if x.missing > 0 {
		return fail(exitCorrupt, fmt.Errorf("%s values are missing, see above", terminal.Number(x.missing)))
	}
	return nil
}

// valueExport writes values, and counts them.
type valueExport struct {
	flags  *exportFlags
	status *terminal.Status
	say    func(format string, args ...any)
	out    *bufio.Writer
	count  uint64
	shown  time.Time

	missing uint64 // left out, because they cannot be read
}

// errLimit says that no more values are wanted.
var errLimit = errors.New("limit reached")

// toFile writes a file that gets its name when it is whole.
func (x *valueExport) toFile(ctx context.Context, s listSource, path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fail(exitUsage, fmt.Errorf("%s is there already: name a new file", path))
	}
	partial, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".partial-*")
	if err != nil {
		return err
	}
	defer os.Remove(partial.Name())
	defer partial.Close()
	if err := x.write(ctx, s, partial); err != nil {
		return err
	}
	if err := partial.Sync(); err != nil {
		return err
	}
	if err := os.Link(partial.Name(), path); err != nil { // unlike Rename it replaces nothing
		return err
	}
	return vfs.OS{}.SyncDir(filepath.Dir(path))
}

func (x *valueExport) write(ctx context.Context, s listSource, out io.Writer) error {
	x.out = bufio.NewWriterSize(out, 1<<16)
	from := x.fromServers
	if s.dir != "" {
		from = x.fromFolder
	}
	if err := from(ctx, s); err != nil && !errors.Is(err, errLimit) {
		return err
	}
	return x.out.Flush()
}

func (x *valueExport) fromServers(ctx context.Context, s listSource) error {
	c, err := s.servers.client()
	if err != nil {
		return fail(exitUsage, err)
	}
	defer c.Close()
	entries := c.List(ctx, x.flags.from)
	if x.flags.local {
		entries = c.Local("").List(ctx, x.flags.from, nil)
	}
	for e, err := range entries {
		if err != nil {
			return withoutCancel(err)
		}
		if err := x.entry(e.Index, e.Value.Payload()); err != nil {
			return err
		}
	}
	return nil
}

func (x *valueExport) fromFolder(_ context.Context, s listSource) error {
	folder, err := takeStopped(s.dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	stopped, err := recovery.OpenStopped(s.dir)
	if err != nil {
		return err
	}
	defer stopped.Close()
	above, damage, err := stopped.Above()
	if err != nil {
		return err
	}
	x.say("%s; %d votes stand above it, and are not written", stopped.About(), above)
	if damage != nil {
		x.say("the log is damaged, more votes may have stood there: %v", damage)
	}
	if x.flags.skip {
		return stopped.Salvage(x.flags.from, x.entry, x.skipped)
	}
	err = stopped.Read(x.flags.from, x.entry)
	if errors.Is(err, storage.ErrCorrupt) {
		err = fmt.Errorf("%w\n--skip-damaged writes what can be read", err)
	}
	return err
}

// skipped says which values are missing.
func (x *valueExport) skipped(first, last uint64, damage error) error {
	x.missing += last - first + 1
	x.status.Clear()
	x.say("the values %s to %s are missing: %v", terminal.Number(first), terminal.Number(last), damage)
	return nil
}

// entry writes one.
func (x *valueExport) entry(index uint64, payload []byte) (err error) {
	if x.flags.indexes {
		_, err = fmt.Fprintf(x.out, "{\"index\":%d,\"value\":%s}\n", index, payload)
	} else {
		x.out.Write(payload)
		err = x.out.WriteByte('\n')
	}
	x.count++
	if x.count%1024 == 0 && time.Since(x.shown) > showEvery {
		x.shown = time.Now()
		x.status.Show("%s values", terminal.Number(x.count))
	}
	if err == nil && x.count == x.flags.limit {
		err = errLimit
	}
	return err
}
