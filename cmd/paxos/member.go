package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"paxos/internal/config"
	"paxos/server/listclient"
)

// memberFlags are those of all member commands.
type memberFlags struct {
	listFlags
	json bool
}

func newMember() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "member",
		Short: "Print and change who belongs to the list servers",
		Long: `Print and change who belongs to the list servers.

The cluster file names servers to ask; whether the change is possible, they say. A
server is added first, and started then, with "paxos server --join": it copies the
list, and votes when it is in step. One that is removed may be stopped when the
command ends. To replace is to add, to wait for the vote, and to remove: so start the
new server while the command waits. To repeat a command is harmless.`,
		Example: `  paxos member list servers
  paxos member add servers n4:5000
  paxos member remove servers 2
  paxos member replace servers 2 n4:5000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		memberCommand("list FILE", "Print the members", "  paxos member list servers", 1, nil),
		memberCommand("add FILE HOST:PORT", "Make a server a member", "  paxos member add servers n4:5000", 2, addMember),
		memberCommand("remove FILE ID", "Take a server out", "  paxos member remove servers 2", 2, removeMember),
		memberCommand("replace FILE ID HOST:PORT", "Take a server out and another one in, in one change", "  paxos member replace servers 2 n4:5000", 3, replaceMember),
	)
	return cmd
}

// change asks for a change of the members; nil for none.
type change func(ctx context.Context, c *listclient.Client) (listclient.Membership, error)

// memberCommand is one of the commands; parse reads the arguments behind FILE.
func memberCommand(use, short, example string, args int, parse func(port uint16, args []string) (change, error)) *cobra.Command {
	var f memberFlags
	cmd := &cobra.Command{
		Use:     use,
		Short:   short,
		Long:    short + ".\n\nIt prints who belongs to the cluster then.\n\n" + exitHelp,
		Example: example,
		Args:    cobra.ExactArgs(args),
		RunE: actionWith(func(cmd *cobra.Command, args []string) error {
			do := change(func(ctx context.Context, c *listclient.Client) (listclient.Membership, error) { return c.Members(ctx) })
			if parse != nil {
				var err error
				if do, err = parse(f.port, args[1:]); err != nil {
					return fail(exitUsage, err)
				}
			}
			return f.run(cmd, args[0], do)
		}),
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&f.json, "json", false, "print them in JSON")
	return cmd
}

func addMember(port uint16, args []string) (change, error) {
	address, err := memberAddress(args[0], port)
	return func(ctx context.Context, c *listclient.Client) (listclient.Membership, error) {
		return c.AddMember(ctx, address)
	}, err
}

func removeMember(_ uint16, args []string) (change, error) {
	id, err := nodeID(args[0])
	return func(ctx context.Context, c *listclient.Client) (listclient.Membership, error) {
		return c.RemoveMember(ctx, id)
	}, err
}

func replaceMember(port uint16, args []string) (change, error) {
	id, err := nodeID(args[0])
	if err != nil {
		return nil, err
	}
	address, err := memberAddress(args[1], port)
	return func(ctx context.Context, c *listclient.Client) (listclient.Membership, error) {
		return c.ReplaceMember(ctx, id, address)
	}, err
}

func memberAddress(text string, port uint16) (string, error) {
	s, err := config.ParseServer(text, port)
	if err != nil {
		return "", fmt.Errorf("%q: %w", text, err)
	}
	return s.Address(), nil
}

func (f *memberFlags) run(cmd *cobra.Command, file string, do change) error {
	s, err := f.resolve(file)
	if err != nil {
		return err
	}
	return s.call(cmd.Context(), func(ctx context.Context, c *listclient.Client) error {
		m, err := do(ctx, c)
		if err != nil {
			return err
		}
		if f.json {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(m)
		}
		return writeMembers(cmd.OutOrStdout(), m)
	})
}

func writeMembers(out io.Writer, m listclient.Membership) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tADDRESS\tVOTES")
	for _, member := range m.Members {
		fmt.Fprintf(t, "%s\t%s\t%s\n", member.ID, member.Address, votesText(member.Voter))
	}
	if m.Changing {
		fmt.Fprintln(t, changingText)
	}
	return t.Flush()
}
