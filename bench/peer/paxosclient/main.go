// Command paxosclient makes load at our own systems through their clients: the
// multicast roles over UDP, the list servers over HTTP.
package main

import "paxos/bench/replica"

func main() {
	replica.Main(map[string]replica.Open{"roles-client": openRoles, "list-client": openList})
}
