// Package inspect looks into a node's data folder, and changes nothing: it takes no
// lock, cuts no tail, writes no byte. It reads folders of nodes that are stopped,
// of nodes that run, and damaged ones: what can be read is shown, and for what
// cannot, file and offset are named.
//
// # Use
//
//	folder, err := inspect.Open(dir, inspect.Options{Report: report})
//	defer folder.Close()
//	state := folder.State()                      // promise, round, pins, applied, ...
//	err = folder.Votes(visit)                    // and Decided, Entries, Sessions, Log
//	summary, err := folder.Verify(ctx, report)   // walks everything
//
// What is wrong is a [Finding]. All methods but Verify hand them to Options.Report
// and go on; their errors are those of visit, or mean that there is nothing to go
// on with.
//
// # How
//
// The log is read by the code that recovers it (wal.Check, wal.Inspect), the
// database by a reader of bbolt's pages (storage/kv/pages), since bbolt would wait
// for its lock and panic on damage. What the values mean is checked by the code
// of packages storage, list and protocol that the node itself uses.
//
// # Where to read on
//
// docs/inspect.md has the commands and what is checked. In the code: folder.go opens,
// database.go and log.go read the two halves of a store, state.go joins them; then a
// file for each thing to show; verify*.go walk everything.
package inspect
