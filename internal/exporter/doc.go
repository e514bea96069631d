// Package exporter is the listener behind --metrics: /metrics for Prometheus,
// /healthz, and, if asked for, Go's profiles at /debug/pprof.
//
// [Listen] takes the address, before a process does anything else, so that one that
// is taken is found out at once; [Exporter.Serve] begins to answer when there is
// something to tell; [Exporter.Close] ends it. What clients can take is bounded:
// connections, the time and size of a request, the time of an answer.
package exporter
