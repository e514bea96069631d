package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"paxos/internal/terminal"
	"paxos/protocol"
	"paxos/server/listclient"
)

// statusFlags are the flags of status.
type statusFlags struct {
	listFlags
	watch bool
	json  bool
}

// How long a server may take to tell its status before it counts as silent, and
// how often --watch asks.
const (
	statusTimeout = 2
	statusEvery   = time.Second
)

func newStatus() *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:   "status FILE",
		Short: "Print how the list servers are",
		Long: `Print how the list servers are.

A line for each server: who it is and whom it takes for the leader, how far its
list is (LAG: how many instances behind the furthest), and what its store takes.
The exit code is 1 where no majority of the voters has the same leader.

` + exitHelp,
		Example: `  paxos status servers
  paxos status servers --watch
  paxos status servers --json`,
		Args: cobra.ExactArgs(1),
		RunE: actionWith(f.run),
	}
	f.register(cmd)
	timeout := cmd.Flags().Lookup("timeout")
	timeout.DefValue = strconv.Itoa(statusTimeout)
	f.timeout = statusTimeout
	cmd.Flags().BoolVarP(&f.watch, "watch", "w", false, "print it again every second")
	cmd.Flags().BoolVar(&f.json, "json", false, "print it in JSON")
	return cmd
}

func (f *statusFlags) run(cmd *cobra.Command, args []string) error {
	s, err := f.resolve(args[0])
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	for {
		view := s.look(cmd.Context())
		if f.watch && terminal.Is(out) && !f.json {
			fmt.Fprint(out, "\x1b[H\x1b[J") // home, and clear from there
		}
		if err := view.write(out, f.json); err != nil {
			return unlessUnread(err)
		}
		if !f.watch {
			return view.verdict()
		}
		if !terminal.Is(out) && !f.json {
			fmt.Fprintln(out)
		}
		select {
		case <-cmd.Context().Done():
			return nil
		case <-time.After(statusEvery):
		}
	}
}

// clusterView is what all servers say of themselves.
type clusterView struct {
	Leader  protocol.NodeID `json:"leader"` // that a majority of the voters knows; 0: none
	Servers []serverView    `json:"servers"`
}

type serverView struct {
	ID      protocol.NodeID    `json:"id"` // 0: it does not answer, and nobody knows
	Address string             `json:"address"`
	Error   string             `json:"error,omitempty"`  // why there is no status
	Status  *listclient.Status `json:"status,omitempty"` // as GET /v1/status has it
}

// look asks all servers, at the same time: those of the file, and members that
// are not in it.
func (s listServers) look(ctx context.Context) clusterView {
	var v clusterView
	for _, server := range s.all {
		v.Servers = append(v.Servers, serverView{ID: server.ID, Address: server.Address()})
	}
	s.lookAt(ctx, v.Servers)
	if more := v.unlisted(); len(more) > 0 {
		s.lookAt(ctx, more)
		v.Servers = append(v.Servers, more...)
	}
	v.nameSilent()
	v.Leader = v.leader()
	return v
}

func (s listServers) lookAt(ctx context.Context, views []serverView) {
	done := make(chan struct{}, len(views))
	for i := range views {
		go func() {
			s.lookAtOne(ctx, &views[i])
			done <- struct{}{}
		}()
	}
	for range views {
		<-done
	}
}

// lookAtOne asks once: who does not answer now is of interest.
func (s listServers) lookAtOne(ctx context.Context, v *serverView) {
	c, err := listclient.New(listclient.Config{
		Servers: []string{v.Address}, Token: s.token, TLS: s.tls,
		Timeout: s.timeout, DialTimeout: s.timeout, GiveUp: time.Nanosecond,
	})
	if err != nil {
		v.Error = err.Error()
		return
	}
	defer c.Close()
	status, err := c.Status(ctx, "")
	if err != nil {
		v.Error = plainReason(err)
		return
	}
	v.ID, v.Status = status.ID, &status
}

// plainReason is an error without the address, which stands beside it.
func plainReason(err error) string {
	var network *net.OpError
	var answered *listclient.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "it took too long"
	case errors.As(err, &network):
		return network.Err.Error()
	case errors.As(err, &answered):
		answered.Server = ""
		return answered.Error()
	}
	return err.Error()
}

// nameSilent gives those that do not answer the id under which the others have their
// address; 0 if nobody has it. Their place in the file is not their id once members changed.
func (v *clusterView) nameSilent() {
	ids := map[string]protocol.NodeID{}
	for _, s := range v.Servers {
		if s.Status == nil {
			continue
		}
		for _, m := range s.Status.Members {
			ids[m.Address] = m.ID
		}
	}
	for i := range v.Servers {
		if s := &v.Servers[i]; s.Status == nil {
			s.ID = ids[s.Address]
		}
	}
}

// unlisted are members that a server names and the file does not.
func (v *clusterView) unlisted() (more []serverView) {
	known := func(address string) bool {
		has := func(s serverView) bool { return s.Address == address }
		return slices.ContainsFunc(v.Servers, has) || slices.ContainsFunc(more, has)
	}
	for _, s := range v.Servers {
		if s.Status == nil {
			continue
		}
		for _, m := range s.Status.Members {
			if !known(m.Address) {
				more = append(more, serverView{ID: m.ID, Address: m.Address})
			}
		}
	}
	return more
}

// leader is the server that a majority of the voters, as it knows them, takes for
// the leader.
func (v *clusterView) leader() protocol.NodeID {
	for _, s := range v.Servers {
		if s.Status == nil || !s.Status.Leads {
			continue
		}
		voters, agree := 0, 0
		for _, m := range s.Status.Members {
			if !m.Voter {
				continue
			}
			if voters++; v.follows(m.ID, s.ID) {
				agree++
			}
		}
		if agree > voters/2 {
			return s.ID
		}
	}
	return 0
}

// follows reports whether a server takes another one, or itself, for the leader.
func (v *clusterView) follows(id, leader protocol.NodeID) bool {
	return slices.ContainsFunc(v.Servers, func(s serverView) bool {
		return s.Status != nil && s.ID == id && s.Status.Leader == leader
	})
}

func (v *clusterView) verdict() error {
	if v.Leader == 0 {
		return errors.New("no majority of the servers has the same leader")
	}
	return nil
}

func (v *clusterView) write(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(v)
	}
	furthest := protocol.Instance(0)
	for _, s := range v.Servers {
		if s.Status != nil {
			furthest = max(furthest, s.Status.Decided, s.Status.Applied)
		}
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tADDRESS\tROLE\tLEADER\tAPPLIED\tLAG\tLENGTH\tDISK\tUPTIME")
	for _, s := range v.Servers {
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.name(), s.Address, s.columns(furthest))
	}
	return t.Flush()
}

func (s *serverView) name() string {
	if s.ID == 0 {
		return "-"
	}
	return s.ID.String()
}

// columns are those behind id and address.
func (s *serverView) columns(furthest protocol.Instance) string {
	if s.Status == nil {
		return "-\t-\t-\t-\t-\t-\tno answer: " + s.Error // a cell in each column, or the column would end here
	}
	st := s.Status
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s",
		roleOf(st), leaderName(st.Leader), terminal.Number(uint64(st.Applied)), terminal.Number(uint64(furthest-min(furthest, st.Applied))),
		terminal.Number(st.Length), bytesText(st.LogBytes+st.DatabaseBytes), st.Uptime().Truncate(time.Second))
}

func roleOf(st *listclient.Status) string {
	switch {
	case st.Removed:
		return "removed"
	case st.Full:
		return "disk full"
	case st.Leads:
		return "leader"
	}
	for _, m := range st.Members {
		if m.ID == st.ID && !m.Voter {
			return "catching up"
		}
	}
	return "follower"
}

func leaderName(id protocol.NodeID) string {
	if id == 0 {
		return "none"
	}
	return id.String()
}

// bytesText writes a size for people.
func bytesText(n int64) string {
	size, unit := float64(n), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for size >= 1024 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}
