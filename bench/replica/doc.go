// Package replica is the child's side of the comparison: a process that plays one
// replica of a system, or a client of it, and makes load when it is asked to.
//
// [Serve] runs a [Driver], of the package peer, and answers its parent over a
// Unix socket in the child's folder; the parent talks to it with a [Remote].
// The child ends when it is asked to with SIGTERM.
package replica
