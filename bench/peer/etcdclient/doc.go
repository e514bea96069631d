// Command etcdclient makes load at etcd, through its gRPC client.
package main
