// Package demo runs a whole cluster on this host, kills parts of it while values
// flow, and checks that no harm came of it: the logic of `paxos demo`.
//
//   - demo.go: the cluster, from its start to the report;
//   - story.go: what happens to it on the way;
//   - source.go: the clients and the values that they are given;
//   - output.go: what a learner has printed by now;
//   - check.go: the three checks;
//   - report.go: the report, for people and programs.
//
// The values are handed to the clients in slices, as fast as they take them, and
// each kill comes right after a slice was handed over: so it finds values on
// their way. How many there were stands in the report.
package demo
