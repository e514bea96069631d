// Command etcdserver plays an etcd server, as etcd embeds itself.
package main
