// Package metrics puts what a process tells of itself (node.Figures) into the
// form that Prometheus reads. The multicast roles and the list servers use the
// same one.
//
// [NewRegistry] is where to start: it has everything that a process exports, and a
// server adds what it counts of its HTTP requests. Which metrics there are, and for
// which roles, stands in families.go, a line for each; docs/operations.md has the
// same as a table, and says what to be alarmed by.
//
// A scrape asks the process's loop once, between two of its turns. Where the loop
// does not answer within a second (its disk hangs, say) the scrape has what is known
// without it, and paxos_loop_unanswered_seconds rises.
package metrics
