// Package linearizable says whether what clients saw of a replicated list could
// have come from one list that did one thing after another: it keeps the history of
// concurrent clients and checks it with porcupine.
//
// Where to read on:
//
//   - history.go: what clients did, when, and what they were told;
//   - model.go: the one list, as porcupine's model; prefix.go: its states;
//   - check.go: the check of long histories, in windows;
//   - order.go: a second judge, which knows no search and names the culprits;
//   - audit.go: what must hold of the list in the end.
//
// The tests beside it run real servers: players_test.go are the clients,
// nemesis_test.go parts the servers. What else can be done to them, internal/torture does.
//
// # A history
//
// A client is one process of the history: it does one thing at a time. An append
// whose outcome it does not learn (a time-out, a connection that broke) stays open: it
// may take effect at any later time, or never. Its client goes on under a new
// number, for it can't be said any more that it does one thing at a time. What a server
// says was not done leaves the history, and must not be in the list, ever. So does a read
// that failed.
//
// All appended values differ, so a value tells which append it came from.
//
// # How long histories are checked
//
// Histories have some 100,000 operations. Two things keep that quick, and neither
// makes the check weaker.
//
// The list only grows, and every operation tells how long it saw it: an
// append by its index, a read by its length. An append that stayed open is looked up in
// the list that was read at the end, after everything else: it
// took effect exactly there, or not before that read, and then it has no effect at all on
// what anybody saw. It took effect before any operation returned that saw a list
// so long; that is the end of its time.
//
// So an operation's place in the order of the list's states is known. The
// history is cut at certain lengths into windows. It is linearizable if and only
// if each window is, begun with the state that the last one ends with, and no
// operation of a later window returned before one of an earlier window was called.
package linearizable
