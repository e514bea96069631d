// Package bench measures a durable cluster of real processes on this host: the
// logic of `paxos bench`.
//
//   - bench.go: what is measured, round by round;
//   - cell.go: one cell: a fresh cluster, one number of commands in flight, one size;
//   - load.go: load made inside the leader's process, and its report;
//   - clients.go: load made by separate client processes;
//   - meter.go: CPU time, memory and stores of the processes, while they run;
//   - machine.go: what the machine allows: fdatasyncs, multicast datagrams;
//   - growth.go: whether a command's cost grows, with growth_roles.go and growth_servers.go
//     for the two clusters, growth_text.go and growth_plot.go for what comes out;
//   - report.go: the report, for people and programs.
//
// Three acceptors, a proposer and a learner run on loopback, with their stores
// on a real disk. The loop is closed: a fixed number of commands is always on
// its way. The learner's output is thrown away, for writing it would take the
// disk's time; the payloads are random bytes, for which compression does nothing.
package bench
