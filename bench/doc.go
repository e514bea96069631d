// Command bench compares three durable replicas of our systems with those of
// others, side by side on this machine:
//
//	cd bench && go run . --help
//
// It is a Go module of its own, so that what it compares with is no dependency of
// ours. Where to read on:
//
//   - command.go: the flags; show.go: an earlier report again;
//   - compare: what is measured, in which order;
//   - system: how each system is started, and where its load is made;
//   - peer: the programs that play the systems, with all settings;
//   - load: the load itself; measure: CPU time, memory, fsyncs; replica: parent and child;
//   - report: medians, ratios, targets; plot: the pictures for docs/performance.md.
package main
