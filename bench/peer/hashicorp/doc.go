// Command hashicorp plays a replica of hashicorp/raft, with raft-wal or raft-boltdb
// as its log. It makes its load itself, where it leads.
package main
