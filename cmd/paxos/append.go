package main

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"paxos/server/listclient"
	"paxos/server/value"
)

// appendFlags are the flags of append.
type appendFlags struct {
	listFlags
	quiet bool
	text  bool
}

func newAppend() *cobra.Command {
	var f appendFlags
	cmd := &cobra.Command{
		Use:   "append FILE VALUE",
		Short: "Append a value to the list of the list servers, and print the list",
		Long: `Append a value to the list of the list servers, and print the list.

FILE is the cluster file. VALUE is an integer of any size, or any text with
--string. The list is printed as it is up to the new value, on one line, like
[1, 2, 3]; strings in it are in JSON. With --quiet only the value's index is
printed, counted from 0.

An integer without --quiet is sent once, as older servers know it: if the answer is
lost, nobody knows what became of it. Otherwise the request is repeated, at other
servers, too, until it is answered, and the value is appended once.

` + exitHelp,
		Example: `  paxos append servers 7
  paxos append servers 7 --server 2 --quiet
  paxos append servers --string 'some text'`,
		Args: cobra.ExactArgs(2),
		RunE: actionWith(f.run),
	}
	f.register(cmd)
	f.registerServer(cmd)
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print the value's index instead of the list")
	cmd.Flags().BoolVar(&f.text, "string", false, "append VALUE as a string")
	return cmd
}

func (f *appendFlags) run(cmd *cobra.Command, args []string) error {
	v, err := f.value(args[1])
	if err != nil {
		return fail(exitUsage, err)
	}
	s, err := f.resolve(args[0])
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	switch {
	case f.quiet:
		position, err := s.append(cmd.Context(), v)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, position.Index)
		return err
	case f.text:
		return s.appendAndList(cmd.Context(), v, out)
	}
	return s.appendOld(cmd.Context(), v, out)
}

// value reads an integer as generously as the old client did: "+7" and "007" are 7.
func (f *appendFlags) value(text string) (value.Value, error) {
	if f.text {
		if !utf8.ValidString(text) {
			return value.Value{}, fmt.Errorf("VALUE %q is not UTF-8", text)
		}
		return value.String(text), nil
	}
	n, ok := new(big.Int).SetString(strings.TrimSpace(text), 10)
	if !ok {
		return value.Value{}, fmt.Errorf("VALUE %q is no integer: give --string to append it as a string", text)
	}
	return value.BigInt(n), nil
}

// append appends a value exactly once.
func (s listServers) append(ctx context.Context, v value.Value) (position listclient.Position, err error) {
	err = s.call(ctx, func(ctx context.Context, c *listclient.Client) error {
		position, err = c.Append(ctx, v)
		return err
	})
	return position, err
}

// appendAndList appends a value exactly once, and writes the list up to it.
func (s listServers) appendAndList(ctx context.Context, v value.Value, out io.Writer) error {
	position, err := s.append(ctx, v)
	if err != nil {
		return err
	}
	c, err := s.client()
	if err != nil {
		return err
	}
	defer c.Close()
	w := newListWriter(out)
	for e, err := range c.List(ctx, 0) {
		if err != nil {
			return fmt.Errorf("appended at index %d, but the list was not read to there: %w", position.Index, err)
		}
		w.entry(e.Value.String())
		if e.Index == position.Index {
			break
		}
	}
	return w.end()
}

// negativeValue lets VALUE be a negative number, which is else taken for a flag:
// it puts it behind all flags and `--`.
func negativeValue(args []string) []string {
	if len(args) == 0 || args[0] != "append" || slices.Contains(args, "--") {
		return args
	}
	at := slices.IndexFunc(args, func(a string) bool {
		n, ok := new(big.Int).SetString(a, 10)
		return ok && n.Sign() < 0
	})
	if at < 0 {
		return args
	}
	return slices.Concat(args[:at], args[at+1:], []string{"--", args[at]})
}
