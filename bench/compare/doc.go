// Package compare runs the comparison: it starts all systems, lets short phases of
// load take turns, and looks at the processes before and after each.
//
// run.go has the order of things, phase.go one phase, build.go makes our own program.
// What comes out is [Raw]: every phase as it was measured. The package report makes
// medians of it.
package compare
