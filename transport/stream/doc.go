// Package stream carries datagrams between list servers over TCP, through the one
// HTTP port that each of them has. Linux only.
//
// Start with New; then SetPeers says who the others are, now and whenever the
// membership changes, and the server's HTTP server hands requests for DefaultPath
// to Handler.
//
//   - options.go: what can be set, and the times;
//   - peers.go, run.go, connect.go: who is connected, how, and how soon again;
//   - send.go, batch.go, peer.go, link.go: the way of a datagram to a peer;
//   - accept.go: who may connect to us;
//   - receive.go, incoming.go, wake.go: the way of a datagram from a peer;
//   - frame.go: what a frame looks like.
//
// # The wire
//
// Each server connects to every other one and sends on that connection only; it
// receives on those that the others made. So there are two connections between
// two servers, and nothing to settle when both dial at once. A second connection
// from the same server replaces its first.
//
// The request, with what Options.Header adds; ids in decimal, cluster in 16
// hexadecimal digits:
//
//	GET /peer HTTP/1.1
//	Host: address of the peer
//	Connection: Upgrade
//	Upgrade: paxos-peer/1
//	Paxos-Cluster: 00000000000000c1
//	Paxos-Sender: 2
//
// The answer is 101 and from then on the connection carries frames, to the peer
// only; the sender must wait for it. All else is a refusal, with an error in JSON:
//
//	400 bad_request         a malformed id, a body
//	403 forbidden           Authorize said no
//	403 other_cluster       the server belongs to another cluster
//	403 own_id              the sender has the server's own id
//	403 unknown_peer        the sender is not in SetPeers: not a member yet, or any more
//	405 method_not_allowed  not GET
//	426 upgrade_required    no upgrade asked for, or another version
//	505 http_version        not HTTP/1.1
//
// A frame, little-endian, with offset and size in bytes:
//
//	0   3  length n of the datagram, 1 to 65,507
//	3   1  group, 0 to 3
//	4   n  the datagram, with a checksum of its own (see package protocol)
//
// A frame that breaks these bounds ends the connection before anything is
// allocated for it; it is counted (Oversized, ReceiveErrors) and logged, once a
// second at the most. A version with other frames takes another Upgrade token.
//
// # Sending
//
// Send writes to each peer's socket itself, without waiting, and all the peer's
// datagrams of one call together. What the kernel does not take is copied, once
// for all peers, into the peers' queues, each with a goroutine that writes it with
// writev. Over TLS everything takes that way. So a slow peer costs the others
// nothing. What finds a queue full is lost; so is everything for a peer that is not
// connected, and what is queued when its connection ends: Paxos repeats what
// matters, and would have to wade through the rest.
//
// A connection is given up when the peer closes it, when it takes less than 256
// KiB in 5 s, or acknowledges nothing for 2 s (a partition: TCP would repeat ever
// more seldom, for minutes). It is dialled again after 50 ms, doubling up to 1 s
// between the starts of two attempts, less up to half of it at random; at once,
// when the peer connects to us, as one that was restarted does.
//
// After a partition on loopback (iptables, 1 to 10 s) both sides heard each other
// again 0.1 to 0.6 s after it ended.
//
// # Receiving
//
// Receive polls the connections in the calling goroutine and blocks its thread, as
// package multicast does and for its reasons. TCP pushes back on who sends more
// than we take. Plain TCP connections are taken out of Go's network poller. Others
// (TLS) are read by a goroutine of their own and come in through a socket pair.
//
// An HTTP server should hand its connections over unwrapped; a wrapper that only
// counts may have a method NetConn that returns the *net.TCPConn under it.
//
// # What it buys
//
// Round trip of one datagram to the peers, other processes, and back from all of
// them: two cores, loopback, the best of five runs in turn on a busy machine, in us
// (BenchmarkPingPong; the other ways were built only to be measured):
//
//	                                     one peer         two peers
//	                                     100 B   8 KiB    100 B   8 KiB
//	as it is                                20      31       54      74
//	a goroutine reads each connection       36      43       79     103
//	a goroutine writes to each peer        109     115      122     174
//	both                                    35      61       82     125
//	as with TLS, but without the cipher     73      93      124     167
//
// With 256 KiB on their way to each of two processes and back (BenchmarkThroughput):
// 4,800,000 datagrams/s of 100 bytes, 90,000 of 8 KiB, 15,000 of 60 KiB.
//
// The price is the one that package multicast names: who has handed something to
// another goroutine, such as a result to an HTTP handler, calls runtime.Gosched
// before Receive. A request from a goroutine through the loop, two peers and back
// took 45 us with it and 90 us without (a goroutine that reads: 47 us).
package stream
