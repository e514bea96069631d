// Package engine makes a program replicated: a durable Multi-Paxos that a Go
// program embeds. Give it a state machine, a folder and the peers:
//
//	e, err := engine.Start(ctx, engine.Options{
//		Dir: "data", Self: "n1:7000", Peers: []string{"n1:7000", "n2:7000", "n3:7000"},
//		Init: true, Machine: &counter{},
//	})
//	if err != nil {
//		return err
//	}
//	defer e.Stop()
//	result, err := e.Propose(ctx, []byte("add 1")) // applied on all nodes, in one order
//	err = e.Query(ctx, func() { ... })             // a linearizable look at the machine
//
// docs/engine.md is the manual: what is promised, what a machine must be like,
// what errors mean, what is bounded, how to change a program that runs. examples/kv
// is a whole program.
//
// # How it works
//
// The list is the log. A node keeps one replicated, durable list of commands:
// exactly what the list servers keep (package server), which are this engine
// without a machine. The machine is a reader of that list with a goroutine of its
// own. So the caller's code never holds up consensus: a machine that is slow, or
// writes a snapshot, only falls behind, and what it has not read waits on the disk.
//
// Once in a while the reader has the machine write a snapshot, which goes to the
// store in pieces: an image. What of the list an image stands for is dropped; so
// the disk holds some images and the commands since, not the history. A node that
// was away for longer gets an image from another one.
//
// # Where to read on
//
//	options.go  what can be set
//	engine.go   Start and Stop
//	machine.go  what a caller's state machine is
//	propose.go  Propose, Begin, Read, Query
//	image.go    images of the machine
//	reader.go   the reader of the list; results.go: who waits for a result
//	follower.go the same without the goroutine, for the simulator
//	list.go     the list itself, status, members
//	backup.go   backups of a node that runs
//	leader.go   who leads
//	figures.go  what monitoring wants to know; engine/metrics has it for Prometheus
//	place.go    who this node is; seek.go: asking the others
//	door.go     listening for the others
package engine
