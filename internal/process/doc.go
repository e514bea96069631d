// Package process runs copies of a program as child processes: for the clusters
// that demo, benchmark and tests start on this host, and for `paxos start-servers`.
//
//   - process.go: one process: kill -9, pause, stop, and its last words;
//   - set.go: all children of one parent, watched and stopped together;
//   - starter.go: why no child survives its parent;
//   - usage.go: CPU time and memory, from /proc.
//
// What the children are for is not known here: see internal/cluster for the
// multicast roles and internal/servers for the list servers.
package process
