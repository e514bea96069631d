package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/torture/history"
	"paxos/internal/torture/judge"
	"paxos/internal/torture/report"
)

// tortureCheckFlags are the flags of the check of a history.
type tortureCheckFlags struct {
	model    string
	patience time.Duration
	json     bool
	html     string
	plots    string
}

func newTortureCheckCommand() *cobra.Command {
	var f tortureCheckFlags
	cmd := &cobra.Command{
		Use:   "check HISTORY.edn...",
		Short: "Check histories from anywhere: are they linearizable?",
		Long: `Check histories from anywhere: are they linearizable?

A history is EDN as Jepsen keeps it: a map for each operation's beginning and end, with
:type (:invoke, :ok, :fail, :info), :f, :process and :value, one a line or all in a
vector; '-' reads standard input. A run of 'paxos torture' leaves one in history.edn.

Models:
  append    one list. :append of a value, answered with the value, the whole list, or
            {:appended-value v :new-state [...]}, {:appended-value v :index i}; :read,
            answered with the whole list, {:length n}, or {:index i :value v :length n}.
            Elle's transactions (:txn) of one append or one read, each key by itself
  register  one register. :write of a value (nil deletes), :read of it, :cas of [old new];
            with [key value] everywhere, each key by itself
  roles     append, and besides: each process's (or :client's) values stand in order,
            and the last lists of all nodes are the same
  auto      append or register, whichever fits

Of a history that is not linearizable it prints the shortest part of it that can't be,
whatever else happened.

Exit codes:
  0  all are linearizable
  1  one is not
  2  wrong flags, or a history that is none, or it is not known: the search took too long`,
		Example: `  paxos torture check paxos-torture/*/history.edn
  paxos torture check --model register --html view.html store/latest/history.edn
  zcat history.edn.gz | paxos torture check --json -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", judge.Auto, strings.Join(judge.Models, ", "))
	flags.DurationVar(&f.patience, "patience", judge.DefaultPatience, "how long a search may take, and that for the shortest part")
	flags.BoolVar(&f.json, "json", false, "print the verdict in JSON, one line for each history")
	flags.StringVar(&f.html, "html", "", "write porcupine's view to this file (one history only)")
	flags.StringVar(&f.plots, "plots", "", "write plots and a timeline into this folder (one history only)")
	flags.SortFlags = false
	_ = cmd.RegisterFlagCompletionFunc("model", cobra.FixedCompletions(judge.Models, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagDirname("plots")
	return cmd
}

// Check's outcomes beside nil.
var (
	errNotLinearizable = errors.New("not linearizable")
	errUndecided       = errors.New("it is not known if all is well")
)

func (f *tortureCheckFlags) run(cmd *cobra.Command, files []string) error {
	if len(files) > 1 && (f.html != "" || f.plots != "") {
		return errors.New("--html and --plots go with one history")
	}
	worst := judge.Valid
	for _, name := range files {
		v, err := f.check(cmd, name)
		if err != nil {
			return fail(exitUsage, fmt.Errorf("%s: %w", name, err))
		}
		if err := f.print(cmd.OutOrStdout(), name, len(files) > 1, v); err != nil {
			return fail(exitUsage, err)
		}
		if v.Valid == judge.Invalid || worst == judge.Valid {
			worst = v.Valid
		}
	}
	switch worst {
	case judge.Invalid:
		return fail(exitFailed, errNotLinearizable)
	case judge.Unknown:
		return fail(exitUsage, errUndecided)
	}
	return nil
}

// check judges one history, and draws it if that is asked for.
func (f *tortureCheckFlags) check(cmd *cobra.Command, name string) (*judge.Verdict, error) {
	ops, err := readHistory(cmd.InOrStdin(), name)
	if err != nil {
		return nil, err
	}
	v, err := judge.Check(ops, f.model, f.patience)
	if err != nil {
		return nil, err
	}
	if f.html != "" {
		err = writeHTML(f.html, v)
	}
	if f.plots != "" {
		err = errors.Join(err, os.MkdirAll(f.plots, 0o755), report.Write(f.plots, ops, report.BandsOf(ops), v.Witness))
	}
	return v, err
}

func readHistory(in io.Reader, name string) ([]history.Op, error) {
	if name == "-" {
		return history.ReadEDN(in)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return history.ReadEDN(file)
}

func writeHTML(name string, v *judge.Verdict) error {
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write porcupine's view: %w", err)
	}
	out := bufio.NewWriter(file)
	if err := errors.Join(v.WriteHTML(out), out.Flush(), file.Close()); err != nil {
		return fmt.Errorf("write porcupine's view: %w", err)
	}
	return nil
}

func (f *tortureCheckFlags) print(out io.Writer, name string, several bool, v *judge.Verdict) error {
	if f.json {
		return json.NewEncoder(out).Encode(struct {
			File string `json:"file"`
			*judge.Verdict
		}{name, v})
	}
	if several {
		fmt.Fprintf(out, "%s\n", name)
	}
	err := v.WriteText(out)
	if several {
		fmt.Fprintln(out)
	}
	return err
}
