// Package loopback is how the programs that take part in a cluster of our multicast
// roles find it: by its configuration file, on the interface lo alone.
package loopback
