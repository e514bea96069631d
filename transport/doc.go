// Package transport says what the runtime needs from a network: hand datagrams
// to a group, wait for datagrams, be told how large one may be and how many may
// be on their way. Two packages offer it:
//
//   - transport/multicast: UDP multicast between real processes;
//   - transport/memory: an in-process network for tests, with loss, duplicates,
//     reordering and partitions that follow from a seed.
//
// Around any of them goes transport/sealed, which authenticates datagrams.
//
// Rules for every implementation:
//
//   - A transport decides nothing. It carries opaque bytes: it does not decode,
//     filter, acknowledge or repeat them. What is in a datagram, and whether it
//     is to be believed (rule 11), is its receiver's business.
//   - A datagram may be lost, repeated, delayed or overtaken; it is never altered
//     or cut short. Losing one is a normal event, so Send has no error: it counts.
//   - Memory is bounded (rule 8): whatever does not fit a queue is lost.
//   - Who sends to a group that it has joined does not hear itself; every other
//     member does, on the same host and in the same process too.
//
// One goroutine may call Receive, another Send, and any number Wake, Stats and Close.
package transport
