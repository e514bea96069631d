// Package servertest has an engine for tests of what stands in front of a list
// server: its HTTP API, its clients, its commands.
//
// [Engine] is a cluster of one that decides at once and forgets everything when
// the process ends. Its list is the real one (list.State), with real views,
// sessions and encoded chunks. Fields say how it is to misbehave.
package servertest
