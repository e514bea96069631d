// Package etcdput makes load at etcd through its clients, over gRPC or in the
// server's own process.
package etcdput
