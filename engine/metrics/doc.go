// Package metrics tells Prometheus of an engine: of its node, as the list servers do
// ([paxos/node/metrics]), and of its machine. [NewCollector] is for the caller's own
// registry; docs/operations.md and docs/engine.md have the metrics.
//
// It is a package beside the engine, so that a program which does not use it has no
// code of Prometheus in it: that would be a fifth of a small program.
package metrics
