package main

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"paxos/internal/exporter"
	"paxos/node"
	"paxos/node/metrics"
)

// metricsFlags say where a process tells of itself.
type metricsFlags struct {
	address string
	pprof   bool
}

func (f *metricsFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.address, "metrics", "", "serve /metrics (for Prometheus) and /healthz at PORT, which is one of 127.0.0.1, or HOST:PORT (also "+envMetrics+"; default: nowhere)")
	cmd.Flags().BoolVar(&f.pprof, "pprof", false, "serve Go's profiles there, too, at /debug/pprof")
}

// monitoring is what the flags say.
type monitoring struct {
	address string // host:port; empty: nobody listens
	pprof   bool
}

// resolve looks at the environment, too. Its errors are the user's to mend.
func (f *metricsFlags) resolve(cmd *cobra.Command) (m monitoring, err error) {
	if cmd.Flags().Lookup("metrics") == nil {
		return m, nil
	}
	m.pprof = f.pprof
	text := first(cmd, "metrics", envMetrics, "")
	if text == "" && f.pprof {
		return m, errors.New("--pprof needs --metrics: that says where")
	}
	if text == "" {
		return m, nil
	}
	if m.address, err = exporter.ParseAddress(text); err != nil {
		return m, fmt.Errorf("--metrics (%s): %w", envMetrics, err)
	}
	if m.pprof {
		profileMemory()
	}
	return m, nil
}

// listen takes the address; without one it returns nil, which does nothing.
func (m monitoring) listen() (*exporter.Exporter, error) {
	if m.address == "" {
		return nil, nil
	}
	e, err := exporter.Listen(m.address)
	if err != nil {
		return nil, fail(exitUsage, fmt.Errorf("--metrics (%s): %w", envMetrics, err))
	}
	return e, nil
}

// watch begins to answer for the process that gets the probe; nil where nobody
// listens.
func (m monitoring) watch(e *exporter.Exporter, log hclog.Logger) *node.Probe {
	if e == nil {
		return nil
	}
	probe := new(node.Probe)
	source := metrics.Source(probe.Figures)
	e.Serve(exporter.Options{
		Page: metrics.Page(metrics.NewRegistry(source, programVersion())), Health: source.Health,
		Profiles: m.pprof, Log: log,
	})
	return probe
}
