// Command paxos is the one binary: the multicast roles acceptor, proposer,
// learner and client, a demo that runs a whole cluster on this host, and a
// benchmark.
//
// This package holds flags, signals and wiring. Start with root.go; one file a
// command; settings.go joins flags, environment and config file; exit.go has
// the exit codes; memory.go tunes the garbage collector.
package main
