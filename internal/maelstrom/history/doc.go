// Package history holds what clients of the workloads lin-kv and txn-list-append
// did and heard, and judges it as Jepsen would:
//
//   - registers.go: are the registers of lin-kv linearizable? Each key is checked
//     for itself, with porcupine.
//   - txn.go, order.go, graph.go: are the transactions of txn-list-append strict
//     serializable? The lists that reads return tell the order of the appends to
//     each key; from it follow dependencies between transactions, real time adds
//     its own, and a cycle among them is an anomaly. The idea is that of Elle
//     (Kingsbury and Alvaro, 2020), for this one case.
//
// Times are in nanoseconds since any moment, the same for the whole history. An
// operation whose outcome is not known may take effect at any time after its call,
// or never.
package history
