// Command planted shows that the simulator can fail: it plants bugs into the
// code that runs in production, one at a time, and counts how many seeds it takes
// until a check of the simulator sees each.
//
// A bug is one line of production code and the line that takes its place
// (mutants*.go): a safety rule that is switched off, or a step of recovery that
// is left out. No source file holds any of them: overlay.go makes copies of the
// files in which both lines stand, and the environment variable PAXOS_PLANTED says
// which one counts; `go build -overlay` builds this command with these copies.
// So one build has all bugs, and each run has at most one.
//
//	go run ./sim/planted                        the table: hunts every bug over seeds 1 to 10000
//	go run ./sim/planted -only NAME,...         the same for some of them
//	go run ./sim/planted -check                 each bug at the seed that the table names, for CI
//	go run ./sim/planted -build FILE            the program paxos with all bugs
//	PAXOS_PLANTED=NAME FILE sim --seed 7        one run with one bug in it
//
// Start with mutant.go; main.go has the flags, hunt.go the runs, record.go the
// seeds that are known, table.go what is printed.
package main
