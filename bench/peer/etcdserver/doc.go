// Command etcdserver plays an etcd server, as etcd embeds itself. It makes load
// where it leads and is asked to, by the client that etcd has for such programs.
package main
