package main

import (
	"github.com/spf13/cobra"

	"paxos/node"
	"paxos/protocol"
)

// role describes the command of a role with a store.
type role struct {
	role    protocol.Role
	short   string
	long    string
	example string
	// run runs the role until the command's context is done.
	run func(cmd *cobra.Command, o node.Options) error
}

func (r role) command() *cobra.Command {
	var f roleFlags
	cmd := &cobra.Command{
		Use:     r.role.String() + " --id N [--config FILE]",
		Short:   r.short,
		Long:    r.long + "\n\n" + exitHelp,
		Example: r.example,
		Args:    cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command) error {
			s, err := f.resolve(cmd, r.role)
			if err != nil {
				return err
			}
			return r.start(cmd, s)
		}),
	}
	f.register(cmd, r.role)
	return cmd
}

// start joins the network and runs the role. Its errors go to the log, in the
// log's own form.
func (r role) start(cmd *cobra.Command, s settings) error {
	page, err := s.monitoring.listen()
	if err != nil {
		return err
	}
	defer page.Close()
	t, err := s.open()
	if err != nil {
		return err
	}
	err = r.run(cmd, node.Options{
		Self: s.self, Cluster: s.cluster, Quorum: s.quorum, Transport: t,
		Log: s.log, DataDir: s.dataDir, Init: s.init, CheckpointBytes: s.checkpoint,
		Probe: s.monitoring.watch(page, s.log),
	})
	if err == nil {
		return nil
	}
	code := storeExitCode(err)
	s.log.Error("gave up", "error", err, "exit_code", code)
	return reported{fail(code, err)}
}
