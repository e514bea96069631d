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
	"paxos/protocol"
	"paxos/recovery"
	"paxos/recovery/backup"
	"paxos/storage"
	"paxos/vfs"
)

// backupFlags are the flags of backup.
type backupFlags struct {
	listFlags
	local  bool
	verify bool
	json   bool
}

func newBackup() *cobra.Command {
	var f backupFlags
	cmd := &cobra.Command{
		Use:   "backup SOURCE FILE | --verify FILE",
		Short: "Write the list of a moment into one file, while it grows",
		Long: `Write the list of a moment into one file, while it grows.

` + sourceHelp + `

From running servers it holds everything that was acknowledged before it began;
appends go on. With --local a server gives what it has, also without a majority. A
stopped server's folder gives its last checkpoint: what came later stands in its log,
and nobody but the others knows what of that was decided.

A node of a program with a state machine (docs/engine.md) is asked likewise, where the
program mounts BackupHandler; or stop one, and name its folder. The file has the image of
the program's state then, and what follows. Where the newest image in a folder is damaged
the one before it is taken, if the list behind that is whole; what is lost is printed.

Of a stopped acceptor or learner of the multicast cluster it has the lines of clients;
stores of such roles are made of it (paxos repair rebuild), not of list servers.

The file has the list, its sessions and who the members were, compressed and with
checksums; and nothing that could vote. FILE must not exist; it gets its name when
it is whole and was read back. --verify reads a backup through and says what it is.

` + exitHelp,
		Example: `  paxos backup servers list.backup
  paxos backup 10.0.0.1:5000 list.backup --local
  paxos backup --verify list.backup`,
		Args: cobra.RangeArgs(1, 2),
		RunE: actionWith(f.run),
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&f.local, "local", false, "take what a server has, without asking the others")
	cmd.Flags().BoolVar(&f.verify, "verify", false, "read a backup through, and change nothing")
	cmd.Flags().BoolVar(&f.json, "json", false, "print what it is in JSON")
	return cmd
}

func (f *backupFlags) run(cmd *cobra.Command, args []string) error {
	switch {
	case f.verify && len(args) == 1:
		return f.verifyFile(cmd, args[0])
	case f.verify || len(args) != 2:
		return fail(exitUsage, errors.New("want SOURCE and FILE, or --verify and FILE"))
	}
	source, err := f.source(args[0])
	if err != nil {
		return err
	}
	report, err := f.writeFile(cmd, source, args[1])
	if err != nil {
		return fail(recoveryExitCode(err), err)
	}
	return printReport(cmd, f.json, report)
}

// recoveryExitCode is storeExitCode, for backups too.
func recoveryExitCode(err error) int {
	var known *failure
	switch {
	case errors.As(err, &known):
		return known.code
	case errors.Is(err, storage.ErrImages):
		return exitRefused
	case errors.Is(err, backup.ErrCorrupt):
		return exitCorrupt
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrExist), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTDIR):
		return exitUsage
	}
	return storeExitCode(err)
}

// writeFile writes the backup beside FILE, reads it back, and gives it its name.
func (f *backupFlags) writeFile(cmd *cobra.Command, s listSource, path string) (r backupReport, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return r, fail(exitUsage, fmt.Errorf("%s is there already: name a new file", path))
	}
	partial, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".partial-*")
	if err != nil {
		return r, err
	}
	defer os.Remove(partial.Name())
	defer partial.Close()
	status := terminal.NewStatus(cmd.ErrOrStderr())
	defer status.Clear()
	counted := &countingWriter{out: partial, status: status}
	seen, err := f.copyFrom(cmd.Context(), s, counted)
	if err != nil {
		return r, err
	}
	if r, err = readBack(path, partial); err != nil {
		return r, err
	}
	r.Found, r.Lost = seen.Found, seen.Lost
	if err := partial.Sync(); err != nil {
		return r, err
	}
	if err := os.Link(partial.Name(), path); err != nil { // unlike Rename it replaces nothing
		return r, err
	}
	return r, vfs.OS{}.SyncDir(filepath.Dir(path))
}

// copyFrom writes a backup of whatever the source is. What was found damaged, and is lost
// by that, is in seen.
func (f *backupFlags) copyFrom(ctx context.Context, s listSource, out io.Writer) (seen recovery.Plan, err error) {
	if s.dir == "" {
		return seen, s.servers.fetch(ctx, f.local, out)
	}
	folder, err := takeStopped(s.dir)
	if err != nil {
		return seen, err
	}
	stopped, err := recovery.OpenStopped(s.dir)
	if err != nil {
		return seen, errors.Join(err, folder.Close())
	}
	buffered := bufio.NewWriterSize(out, 1<<20)
	if err = stopped.Settle(&seen); err == nil {
		_, err = stopped.Backup(buffered, time.Now(), nil)
	}
	return seen, errors.Join(err, buffered.Flush(), stopped.Close(), folder.Close())
}

// readBack reads what was written: nothing is a backup that cannot be read.
func readBack(path string, file *os.File) (backupReport, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return backupReport{}, err
	}
	h, err := backup.Verify(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return backupReport{}, fmt.Errorf("what came is no whole backup: %w", err)
	}
	return reportOf(path, file, h)
}

func (f *backupFlags) verifyFile(cmd *cobra.Command, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fail(exitUsage, err)
	}
	defer file.Close()
	h, err := backup.Verify(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return fail(recoveryExitCode(err), fmt.Errorf("%s: %w", path, err))
	}
	report, err := reportOf(path, file, h)
	if err != nil {
		return err
	}
	return printReport(cmd, f.json, report)
}

// backupReport is what a backup is.
type backupReport struct {
	File    string    `json:"file"`
	Bytes   int64     `json:"bytes"`
	Cluster string    `json:"cluster"`
	Role    string    `json:"role,omitempty"` // of the multicast cluster, whose list it is; none: a server's
	Applied uint64    `json:"applied"`        // instance
	Length  uint64    `json:"length"`         // entries
	Made    time.Time `json:"made"`
	Image   uint64    `json:"image,omitempty"` // entries that an image of a program's state stands for
	Found   []string  `json:"found,omitempty"` // what is damaged where it comes from
	Lost    []string  `json:"lost,omitempty"`  // what is not in it for that
}

func reportOf(path string, file *os.File, h backup.Header) (backupReport, error) {
	info, err := file.Stat()
	if err != nil {
		return backupReport{}, err
	}
	role := ""
	if h.Role != protocol.RoleServer {
		role = h.Role.String()
	}
	return backupReport{
		Role: role, File: path, Bytes: info.Size(), Cluster: h.Cluster.String(),
		Applied: uint64(h.Applied), Length: h.Length, Made: h.Made.UTC(), Image: h.Image.Index,
	}, nil
}

// WriteText says it for people.
func (r backupReport) WriteText(out io.Writer) error {
	image := ""
	if r.Role != "" {
		image = fmt.Sprintf("; for stores of %ss and other roles of the multicast cluster only", r.Role)
	}
	if r.Image > 0 {
		image = fmt.Sprintf("; of a program, with an image of its state for the first %s", terminal.Number(r.Image))
	}
	_, err := fmt.Fprintf(out, "%s: whole; %s values of cluster %s up to instance %d, made %s, %s bytes%s\n",
		r.File, terminal.Number(r.Length), r.Cluster, r.Applied, r.Made.Format(time.RFC3339), terminal.Number(r.Bytes), image)
	for _, line := range r.Found {
		_, err = fmt.Fprintf(out, "damaged: %s\n", line)
	}
	for _, line := range r.Lost {
		_, err = fmt.Fprintf(out, "lost: %s\n", line)
	}
	return err
}

// countingWriter shows on a terminal how much was written.
type countingWriter struct {
	out    io.Writer
	status *terminal.Status
	bytes  int64
	shown  time.Time
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.out.Write(b)
	w.bytes += int64(n)
	if time.Since(w.shown) > showEvery {
		w.shown = time.Now()
		w.status.Show("%s bytes", terminal.Number(w.bytes))
	}
	return n, err
}

// showEvery is the time between two lines of progress.
const showEvery = 100 * time.Millisecond
