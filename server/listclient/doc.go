// Package listclient is the Go client of the list servers: it appends to the
// replicated list, reads it and follows it, and goes on with another server when
// one fails.
//
//	c, err := listclient.New(listclient.Config{Servers: []string{"10.0.0.1:5000", "10.0.0.2:5000", "10.0.0.3:5000"}})
//	...
//	defer c.Close()
//	at, err := c.Append(ctx, value.Int(5))
//	for e, err := range c.List(ctx, 0) { ... }
//
// A [Client] may be used by any number of goroutines, and one for a program is
// best: calls that happen at the same time share requests. One goroutine can have many
// appends under way, too, with [Client.Begin] and [Pending.Wait].
//
// # Never twice
//
// All appends of a Client go through one session of the list: its values are
// numbered without gaps, and the list applies a value only if its number is the
// next one. So a request can be repeated, at any server, as often as it takes. The
// values of one request (a batch) keep their numbers for all repetitions, and a
// repetition is answered with the original places. What one goroutine appends
// stands in the list in its order.
//
// A call that fails says what became of its values: errors.Is(err, [ErrNotDone])
// means that they are not in the list and never will be; errors.Is(err,
// [ErrUnknown]) that they may be, or may come to be. A batch whose callers went
// away (their contexts ended) is still repeated until its outcome is known, so that it
// leaves no gap in the session. After Config.GiveUp, or when the list does not
// know the session any more, the session is given up: calls under way get
// ErrUnknown, and later ones go through a new session. There is no case in which a value
// that may have been applied is numbered anew.
//
// # How batches form
//
// Lanes, each with a connection of its own, take turns: a lane takes what was
// queued, writes its request, lets the next lane have its turn and waits for the
// answer. While requests are under way new calls queue up and make the next
// batch, so an idle client adds no delay, and a busy one sends ever larger batches.
// Callers that were just answered get a few turns of the scheduler to bring their next
// values first. Reads
// of single entries are gathered in the same way; each is answered by a request
// that was sent after it was asked for, so it is as linearizable as if it were alone.
//
// # Fail-over
//
// The Client stays with a server that works. One that does not answer, or
// answers that it cannot, is left for the next at once, and not asked again for a while.
// Among those that work the leader is preferred, for it answers soonest.
// Lists and watches that break off go on at another server with the entry that is due.
//
// # Where to read on
//
// append.go, begin.go and get.go are the calls, batch.go makes batches of them, lane.go sends these,
// session.go knows what becomes of them (renew.go: how it ends), reader.go gathers reads, stream.go keeps
// lists and watches going; link.go and conn.go are the connections, servers.go chooses.
package listclient
