// Package recovery repairs what a cluster cannot: it makes stores anew from what
// is left of a list. docs/recovery.md says which tool is for what, and what each
// of them loses.
//
// # One idea
//
// Every tool does the same: it takes a list (from a backup, a stopped folder, or a
// running server), makes a new store of it, and puts that in the place of what is
// broken. A new store has a new store id and no promise, round, vote or pin, since
// storage.Create has no place for them; and it belongs either to a new cluster, or
// to a number of the old one that was never used. So it cannot vote for what the old
// one has forgotten (rules 2, 10 and 13): the members of the cluster let it in by a
// decided change, as they let any newcomer in.
//
// # Plan, ask, do
//
// A tool first reads, and makes a [Plan]: what it found, what it will do, what will
// be lost. Nothing is changed until its Do is called. Whoever runs it (cmd/paxos)
// shows the plan and asks.
//
// # Nothing is half done
//
// A new store is made in a folder within the store's folder, whole, and only then
// put in its place, step by step by a plan on the disk ([Folder.Swap]). A crash in
// between leaves the old store, the new one, or one that no server starts on and
// that the next run of any tool puts in order. What stood there before is kept in
// the folder "before-TIME", whole.
//
// # Where to read on
//
// plan.go is what is shown, swap.go the work on files, finish.go what is left to do after a crash in it,
// contents.go what else is in the folder; source.go says where lists come from; join.go
// makes a newcomer of an existing cluster, found.go the first member of a new one,
// votes.go what a minority knows beyond its list. image.go is about the stores of programs with
// a state machine, where an image stands for the front of the list; front.go about damaged ones.
package recovery
