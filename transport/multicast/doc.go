// Package multicast carries datagrams over UDP multicast on IPv4, Linux only.
//
// Start with Open. It makes one receive socket for each joined group, bound to
// the group's address and port, and one socket that sends to all groups.
//
//   - options.go: what can be set, and how it is checked;
//   - interfaces.go: which network interface is used;
//   - sockets.go: the sockets and their options;
//   - size.go: how large a datagram may be and how many fit a receive buffer;
//   - transport.go, send.go, receive.go, batch.go: the way of a datagram;
//   - echo.go: a sender does not hear itself.
//
// # Receiving
//
// Receive reads its sockets with recvmmsg in the calling goroutine and, where
// there is nothing to read, blocks its thread in poll(2). The sockets are kept
// away from Go's network poller on purpose. Measured on loopback, two cores, an
// echo process answering 100-byte datagrams one at a time (p50 of the round trip;
// CPU of the echo process for each):
//
//	poll(2) in the calling goroutine, 2 sockets      14 us   11 us
//	the same, 4 sockets                              16 us   12 us
//	network poller, 1 socket (what ReadBatch does)   39 us   20 us
//	epoll descriptor in the network poller, 4        36 us   20 us
//	a reader goroutine for each of 4, one channel    31 us   26 us
//
// (The network poller wakes a thread that looks for a goroutine, which then wakes
// others; poll(2) wakes the one thread that waits.) ReadBatch also allocates the
// sender's address of every datagram; reading here allocates only the data handed
// out. Sending has neither trouble and uses x/net/ipv4's WriteBatch.
//
// The price: a goroutine made runnable just before its thread blocks is found by
// another thread only after a while. Measured with an echo whose receiver hands
// each datagram to a second goroutine, p50 of the round trip: 65 to 80 us, but
// 17 us where the receiver calls runtime.Gosched after it has handed over. Where
// nothing is handed over, Gosched wakes an idle thread for nothing (8 us a
// datagram), so Receive cannot do it for everybody. The best is to hand nothing
// over: the goroutine that receives also does the work, and is told of all other
// events by Wake.
//
// # One interface, one host or many
//
// Groups are joined, and datagrams sent, on one interface by its index, so "lo"
// works although it lacks the MULTICAST flag, and also in a fresh network
// namespace with nothing but lo. Datagrams loop back, so that other transports on
// the sender's host hear them, of the same process too. Each member hears a
// datagram once, on lo as well.
//
// # A sender does not hear itself
//
// A leader sends its Accepts to a group that it listens to. Were they to come
// back, it would wake up for each, copy it and throw it away. IP_MULTICAST_LOOP
// cannot help: it makes all of the sender's host deaf. So each receive socket has
// a classic BPF filter (no privileges needed), by which the kernel drops what was
// sent from this transport's own port on this host.
//
// The kernel counts these datagrams as drops of the socket, so tools such as
// ss and /proc/net/udp show them as such. Stats takes them off: Overflowed counts
// only what others sent.
//
// Nothing is authenticated here (package sealed does that) or encrypted, and a TTL
// of 1 keeps datagrams on the local network.
package multicast
