// Package config reads the two files that say what a cluster is: the config file
// of the multicast roles and the cluster file of the list servers.
//
// # The config file: where the multicast roles meet
//
// One setting a line, key then value, separated by any white space; blank lines
// and everything from a # on mean nothing; the order is free:
//
//	key             value                          default
//	clients         ADDRESS PORT                   must be given
//	proposers       ADDRESS PORT                   must be given
//	acceptors       ADDRESS PORT                   must be given
//	learners        ADDRESS PORT                   must be given
//	timeout         seconds, 0 to 86400            0
//	acceptor_count  1 to 63                        3
//	interface       name of a network interface    chosen
//	ttl             1 to 255                       1
//	cluster         a word of up to 64 bytes       made from the other settings
//	key_file        path, without white space      none: no authentication
//	clock_tolerance seconds, 1 to 86400            60
//
// Addresses are IPv4 multicast addresses, and no two groups have the same address
// and port. A key may stand once. Anything else is an error that names file, line
// and key, and what is expected.
//
// Load reads a file, Parse any reader, and Default is a file that is built in.
//
// # The cluster file: which list servers there are
//
// One server a line, host:port or host, for which the port is 5000; a host is a
// name or an IP address, IPv6 in brackets. Blank lines and everything from a # on
// mean nothing. A server's id is its place among the servers, from 1 on. There are 1
// to 63, no two the same. LoadServers reads a file, ParseServers any reader.
package config
