// Package memory is a network inside one process, for tests.
//
// NewNetwork makes a network, Join a member of it, which is a transport. Faults
// (loss, duplicates, reordering) and partitions are set on the network at any
// time. Queues are bounded; what finds one full is lost, as with a socket.
//
// Each direction between two members draws from its own random source, seeded by
// the network's seed and the order in which the members joined. So what befalls
// the n-th datagram from one member to another depends on the seed and the faults
// set, and not on what others do meanwhile. A test that runs in one goroutine and
// takes datagrams with Poll is the same every time; with goroutines, only the
// interleaving of different senders differs.
package memory
