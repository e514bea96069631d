package main

import "paxos/bench/replica"

func main() {
	replica.Main(map[string]replica.Open{"roles-client": openRoles, "list-client": openList})
}
