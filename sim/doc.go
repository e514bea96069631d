// Package sim runs whole clusters in one thread, under every fault that the
// protocol promises to survive, and checks each step. One seed is one run, bit
// for bit, on every machine.
//
// What runs is the production code: package node's Process (the loop, group
// commit, the worker, the server of snapshots, the front desk), the cores, the
// list, storage and log. What is made up is the world around it: time, randomness,
// network, disks (vfs.Mem and kv.Memory), and the clients' wishes. Start with [Run].
//
// # The world
//
//   - world.go, queue.go: what happens when. A run is a row of events, ordered by
//     time and, at one time, by when they were scheduled: a datagram arrives, a
//     process takes a turn, its disk or worker is done, a client acts, something
//     breaks. run.go has the phases: faults, healing, a restart of all.
//   - plan.go: what the seed draws before: shape, sizes, times, rates.
//   - random.go: each fault, link and machine has a source of randomness of its own.
//     To leave a fault out does not make others of the others, so failing runs can
//     be made smaller (minimise.go).
//   - follower.go, ledger.go, planimages.go, imagefetch.go: the state machine that a
//     list server may have, as an engine's node; its images take the place of the
//     list's front. backup.go: somebody copies one.
//   - host.go, life.go, clock.go, disk.go: a machine. Its process comes and goes,
//     its disk stays. A turn comes shortly after something arrived, so that batches
//     form; a commit takes as long as a disk does.
//   - network.go, streams.go, cuts.go, wan.go: datagrams reach each member of a
//     group by themselves, or not, and overflow its buffer; or they follow each other
//     on connections between list servers, which stall, break and are made again.
//   - nemesis.go and break*.go: what breaks. operator.go, seek.go: who changes the
//     members, and who helps servers that were away, as people and the program do.
//   - digest.go, trace.go, describe.go: one number for all that happened, and lines
//     about it for people.
//
// # What may break
//
// Only what the protocol promises to survive: at any time a majority of the voters
// has its store (mayLose), and what a founder's empty disk could begin anew is not a
// majority of the first members (foundersHold). Beyond that the promise is that a
// process stops, says why, and loses nothing: a process that ends with an error
// must have a reason that the faults explain (trouble.go), and a store that is
// damaged where it shows, swapped or missing must be refused.
//
// # Who judges
//
// judge*.go watches every message, record and applied value, and the clients'
// histories; final.go compares the replicas when all has come to its end. A check
// that does not hold ends the run with a [Failure]; so does a panic of the code
// under test. workload*.go are the clients.
package sim
