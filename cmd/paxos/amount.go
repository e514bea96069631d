package main

import "paxos/internal/terminal"

// amount is a number of things, each called what: "1 place", "2 places".
func amount[T ~int | ~int64 | ~uint64](n T, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return terminal.Number(n) + " " + what + "s"
}
