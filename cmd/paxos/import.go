package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/terminal"
	"paxos/recovery"
	"paxos/server/listclient"
	"paxos/vfs"
)

// importFlags are the flags of import.
type importFlags struct {
	listFlags
	journal string
	json    bool
}

func newImport() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE CLUSTER",
		Short: "Append the values of a file to the list, each exactly once",
		Long: `Append the values of a file to the list, each exactly once.

FILE has a value a line in JSON, an integer of any size or a string, as export and list
print them, or an object with a field "value"; "-" is stdin. CLUSTER is the cluster file.
The values keep their order; others may come in between.

What is done is kept in a journal, FILE.import. If the command is interrupted, run it
again: it goes on where it was, and appends nothing twice. It does so by a session of
the list, whose number the journal knows; a session is forgotten when 1,024 others were
used since, and then the command says so, and appends nothing. A file that was changed
in what may have been sent is refused. One import at a time has a journal; the lock is
FILE.import.lock, which stays, and may be removed afterwards. A journal of an import
that is complete keeps the file from being imported a second time: remove it to do that.

` + exitHelp,
		Example: `  paxos import list.ndjson servers
  seq 1000 | paxos import - servers --journal numbers.import`,
		Args: cobra.ExactArgs(2),
		RunE: actionWith(f.run),
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.journal, "journal", "", "file for what is done (default: FILE.import)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print what was done in JSON")
	return cmd
}

func (f *importFlags) run(cmd *cobra.Command, args []string) error {
	in, err := f.open(cmd, args[0])
	if err != nil {
		return fail(exitUsage, err)
	}
	defer in.Close()
	s, err := f.resolve(args[1])
	if err != nil {
		return err
	}
	c, err := s.client()
	if err != nil {
		return fail(exitUsage, err)
	}
	defer c.Close()
	m, err := c.Members(cmd.Context())
	if err != nil {
		return err
	}
	j, err := recovery.LoadJournal(f.journal, m.Cluster)
	if errors.Is(err, vfs.ErrLocked) {
		return fail(exitRefused, err)
	}
	if err != nil {
		return fail(exitUsage, err)
	}
	defer j.Close()
	return f.append(cmd, c, j, in)
}

func (f *importFlags) open(cmd *cobra.Command, path string) (io.ReadCloser, error) {
	if path != "-" {
		if f.journal == "" {
			f.journal = path + ".import"
		}
		return os.Open(path)
	}
	if f.journal == "" {
		return nil, errors.New("--journal FILE is needed with stdin: without one nobody could go on where it was")
	}
	return io.NopCloser(cmd.InOrStdin()), nil
}

func (f *importFlags) append(cmd *cobra.Command, c *listclient.Client, j *recovery.Journal, in io.Reader) error {
	r := importReport{Before: j.Done, Journal: f.journal}
	status := terminal.NewStatus(cmd.ErrOrStderr())
	shown := time.Now()
	m := recovery.Import{Target: c, In: in, Journal: j, Progress: func(done uint64) {
		if time.Since(shown) > showEvery {
			shown = time.Now()
			status.Show("%s values appended", terminal.Number(done))
		}
	}}
	start := time.Now()
	err := m.Run(cmd.Context())
	status.Clear()
	if err != nil && cmd.Context().Err() != nil && errors.Is(err, context.Canceled) {
		err = fmt.Errorf("interrupted after %d values: run it again to go on", j.Done)
	}
	if err != nil {
		return fail(importExitCode(err), err)
	}
	r.Appended, r.Last, r.Seconds = j.Done-r.Before, j.Last, time.Since(start).Seconds()
	return printReport(cmd, f.json, r)
}

func importExitCode(err error) int {
	if errors.As(err, new(*fs.PathError)) {
		return exitStorage
	}
	return exitFailed
}

// importReport is what an import has done.
type importReport struct {
	Appended uint64  `json:"appended"`
	Before   uint64  `json:"before"` // by earlier runs of the same import
	Last     uint64  `json:"last_index"`
	Seconds  float64 `json:"seconds"`
	Journal  string  `json:"journal"`
}

// WriteText says it for people.
func (r importReport) WriteText(out io.Writer) error {
	text := fmt.Sprintf("%s values appended", terminal.Number(r.Appended))
	if r.Appended+r.Before > 0 {
		text += fmt.Sprintf(", the last one at index %d", r.Last)
	}
	if r.Before > 0 {
		text += fmt.Sprintf("; %s were appended before (%s)", terminal.Number(r.Before), r.Journal)
	}
	_, err := fmt.Fprintln(out, text)
	return err
}
