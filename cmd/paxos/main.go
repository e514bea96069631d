package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"paxos/inspect"
)

func main() {
	tuneMemory()
	giveWay = inspect.GiveWay
	// Without this a write to a closed stdout kills the process on the spot; a
	// learner whose reader went away shall close its store first.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
