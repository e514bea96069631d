// Command paxos is the one binary: the multicast roles acceptor, proposer,
// learner and client, a demo that runs a whole cluster on this host, a
// benchmark; the list servers, and the commands that ask them.
//
// This package holds flags, signals and wiring. Start with root.go; one file a
// command; exit.go has the exit codes; memory.go tunes the garbage collector.
//
//   - settings.go joins flags, environment and config file of the multicast roles;
//   - server.go is a list server: discover.go finds its line of the cluster file,
//     place.go who it is, seek.go asks the others for members, security.go has TLS
//     and token;
//   - listflags.go has what the commands share that ask list servers;
//     appendold.go speaks to them as old clients do.
package main
