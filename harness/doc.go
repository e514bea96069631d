// Package harness holds no Go code of its own, only bash scripts and the tests of them.
//
// paxos/ is the project folder: four role scripts, and role.sh, which they share. It can be copied or linked into
// anybody's harness. The scripts beside this file are our own copy of such a harness: run*.sh start real processes in
// the classic order and timing (steps.sh has the steps), check_all.sh judges what the learners printed.
//
// The tests of role.sh and of the runs use a stand-in for the binary (fake_test.go), so that they say something about
// the scripts alone; harness_test.go runs the real one, with loss and kills in network namespaces of its own.
//
// docs/harness.md is the manual.
package harness
