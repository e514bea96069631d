// Package cluster starts the roles of a cluster as real processes on this host,
// for the demo, the benchmark and tests: each role is a child process of the
// same binary, with its own data folder, and they talk over IP multicast on the
// loopback interface.
//
//   - cluster.go: a cluster: its folder, its config file, its processes;
//   - process.go: one process, see internal/process for what can be done to it;
//   - groups.go: groups that no other cluster on this host uses;
//   - logs.go: who leads, and what a process said when it stopped.
//
// The folder of a cluster:
//
//	cluster.conf      the config file
//	data/ROLE-ID/     a role's store
//	logs/ROLE-ID.log  stderr in JSON, of all starts of that role
//	ROLE-ID.out       stdout of that role's last start: a learner's values
//
// A program that uses this package must be able to play the roles itself, for
// it is its own binary that is started: see Options.Binary.
package cluster
