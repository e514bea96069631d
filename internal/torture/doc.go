// Package torture does harm to real clusters under load and checks what their clients
// saw, for `paxos torture`. docs/torture.md tells users of it.
//
// Where to read on:
//
//   - run.go: a run from the first start to the verdict; options.go: what it can be;
//   - result.go: the checks and the verdict; folder.go: what a run leaves; progress.go;
//   - member.go: the cluster as nemeses see it; fleet_servers.go and fleet_roles.go are
//     two shapes, on packages servers and cluster, fleet_programs.go is that of a program
//     that is not ours;
//   - keeper.go: keeps the members running, and knows which ends the nemeses caused;
//   - schedule.go: when which nemesis does what; deeds.go: the record of it;
//   - nemesis.go, nemesis_process.go: the nemeses; grudge.go: the shapes of partitions;
//     links.go: who hears whom; disks.go: disks that can be filled;
//   - workload.go: clients; caller.go: what those share that ask servers;
//     workload_servers.go, ask.go and entrances.go are those of list servers,
//     workload_roles.go and session.go those of the multicast roles, workload_keys.go,
//     ask_keys.go and keys.go those of a key-value store.
//
// Below it: package history is the record of what clients did, judge says if it is right,
// report draws it.
//
// # Nothing stays behind
//
// A run ends its processes when it ends, and takes its network and disks down. Should it
// be killed, the kernel does: every child has it as a parent whose death ends it, and
// namespaces and mounts live as long as children that hold them.
package torture
