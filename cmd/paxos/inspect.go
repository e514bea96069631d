package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"paxos/inspect"
	"paxos/internal/terminal"
	"paxos/storage"
)

func newInspect() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Look into a node's data folder, and change nothing",
		Long: `Look into a node's data folder, and change nothing.

DIR is the folder of a store: of a node that is stopped, that runs, or that is
damaged. No lock is taken and no byte is written. What can be read is shown; for
what cannot, file and offset are named on stderr, and the exit code is 5. In JSON
it is in the list "damaged" of the object, or in a last line {"damaged":[...]}.

` + exitHelp,
		Example: `  paxos inspect store paxos-data/server-1
  paxos inspect verify paxos-data/server-1
  paxos inspect wal paxos-data/server-1 --output json | head
  paxos inspect diff paxos-data/server-1 paxos-data/server-2 paxos-data/server-3`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newInspectStore(), newInspectVerify(), newInspectWal(), newInspectPromises(), newInspectVotes(), newInspectDecided())
	cmd.AddCommand(newInspectList(), newInspectSessions(), newInspectSnapshot(), newInspectDiff(), newInspectStats())
	return cmd
}

// inspectFlags are the flags of all inspect commands.
type inspectFlags struct{ output string }

func (f *inspectFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.output, "output", "o", "table", "table, for people, or json, for programs: one object, or, where there are many, one a line")
	cmd.Flags().SortFlags = false
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

// look makes a RunE that opens the folder that is named, lets show print, and says at
// the end what was damaged.
func (f *inspectFlags) look(show func(*look) error) func(*cobra.Command, []string) error {
	return actionWith(func(cmd *cobra.Command, args []string) error {
		l, err := f.begin(cmd)
		if err != nil {
			return err
		}
		if l.folder, err = inspect.Open(args[0], inspect.Options{Report: l.found, Context: cmd.Context()}); err != nil {
			return fail(storeExitCode(err), withoutCancel(err))
		}
		defer l.folder.Close()
		if l.folder.Running() {
			giveWay()
		}
		err = show(l)
		return l.end(cmp.Or(err, l.folder.Err()))
	})
}

// giveWay is what a program does that looks at a node that runs. It lasts as long as
// the process, so tests, which run commands within their own, do not.
var giveWay = func() {}

// look is one inspect command at work.
type look struct {
	cmd     *cobra.Command
	folder  *inspect.Folder
	out     *bufio.Writer
	json    bool
	damaged int
	places  []inspect.Finding // that are damaged, at most maxListed
	single  bool              // one object was printed, which has its own list of what is damaged
	encoder *json.Encoder
}

func (f *inspectFlags) begin(cmd *cobra.Command) (*look, error) {
	if f.output != "table" && f.output != "json" {
		return nil, fail(exitUsage, fmt.Errorf("--output %q: want table or json", f.output))
	}
	l := &look{cmd: cmd, out: bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10), json: f.output == "json"}
	l.encoder = json.NewEncoder(l.out)
	return l, nil
}

// maxNamed places of damage are named by commands that are not verify.
const maxNamed = 20

// maxListed places of damage are in JSON.
const maxListed = 100

// found names what is damaged, on stderr.
func (l *look) found(x inspect.Finding) {
	if x.Note {
		return
	}
	if len(l.places) < maxListed {
		l.places = append(l.places, x)
	}
	if l.damaged++; l.damaged <= maxNamed {
		_ = l.out.Flush() // so that it stands where it belongs
		fmt.Fprintf(l.cmd.ErrOrStderr(), "damaged: %v\n", x)
	}
}

// end flushes the output, and gives damage its exit code.
func (l *look) end(err error) error {
	if err == nil && l.json && l.damaged > 0 && !l.single {
		err = l.line(damagedLine{l.places})
	}
	if flushed := l.out.Flush(); err == nil {
		err = flushed
	}
	switch {
	case err != nil:
		return unlessUnread(withoutCancel(err))
	case l.damaged > 0:
		return fail(exitCorrupt, fmt.Errorf("%w in %s, see above; 'paxos inspect verify' goes through all of it", storage.ErrCorrupt, terminal.Count(l.damaged, "place", "places")))
	}
	return nil
}

// line writes an object in a line, for programs.
func (l *look) line(o any) error {
	if err := l.cmd.Context().Err(); err != nil {
		return err
	}
	return l.encoder.Encode(o)
}

// damagedLine is the last line in JSON of a command that prints many, if something was
// damaged.
type damagedLine struct {
	Damaged []inspect.Finding `json:"damaged"`
}

// print writes a line for people. When the command is interrupted, nothing is: what was
// read may be a part only.
func (l *look) print(format string, args ...any) error {
	if err := l.cmd.Context().Err(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(l.out, format, args...)
	return err
}

// title says whose folder it is and how it was read.
func (l *look) title() error {
	if l.json {
		return nil
	}
	id, ok := l.folder.Identity()
	if !ok {
		return l.print("%s: whose store it is cannot be read, %s\n", l.folder.Dir(), l.folder.How())
	}
	if where := l.folder.Found(); where != "" {
		return l.print("%s: %s, as its %s says, %s\n", l.folder.Dir(), id, where, l.folder.How())
	}
	return l.print("%s: %s, %s\n", l.folder.Dir(), id, l.folder.How())
}

// heading prints the title and the names of columns, for people.
func (l *look) heading(columns string, names ...any) error {
	if l.json {
		return nil
	}
	if err := l.title(); err != nil {
		return err
	}
	return l.print(columns, names...)
}

// errDone ends a walk that has shown enough.
var errDone = errors.New("enough was shown")

func unlessDone(err error) error {
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

// object prints one thing: in JSON, or as rows of a name and a value.
func (l *look) object(o any, rows ...row) error {
	if err := l.cmd.Context().Err(); err != nil {
		return err
	}
	if l.json {
		l.single = true
		l.encoder.SetIndent("", "  ")
		return l.encoder.Encode(o)
	}
	return writeRows(l.out, rows)
}

// row is a line for people: a name and what it is. An empty name goes on with the
// row above.
type row struct{ name, value string }

func writeRows(out io.Writer, rows []row) error {
	width := 0
	for _, r := range rows {
		width = max(width, len(r.name))
	}
	var errs []error
	for _, r := range rows {
		_, err := fmt.Fprintf(out, "  %-*s  %s\n", width, r.name, r.value)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
