// Package system starts the systems of the comparison, each three durable replicas
// as processes of their own on loopback, and has load made at them.
//
// [All] lists them. [System.Start] returns a [Running], in a folder of its own,
// whose Run makes a phase of load wherever the system's load is made: in the
// process of the leader, or in that of a client.
package system
