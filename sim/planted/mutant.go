package main

import "slices"

// mutant is a bug that is one line long.
type mutant struct {
	// Name is what PAXOS_PLANTED calls it.
	Name string
	// Rule is the safety rule of docs/protocol.md that it breaks, 0 for a step of
	// recovery that is none of these.
	Rule int
	// What is what goes wrong, for the table.
	What string
	// File has the line, from the module's root.
	File string
	// Line is the line as it stands in File, without the white space around it. It
	// must stand there exactly once.
	Line string
	// Planted takes its place.
	Planted string
	// Shape is the shape of cluster that can show it; "": either.
	Shape string
	// Faults are the kinds of fault that help to show it; nil: all kinds happen, as
	// they do by default. It is for finding seeds soon where the bug needs a rare
	// coincidence; the table says so.
	Faults []string
}

// mutants are all planted bugs, by the room they are in.
func mutants() []mutant {
	return slices.Concat(acceptorMutants, proposerMutants, learnerMutants, listMutants, nodeMutants, storageMutants, walMutants, imageMutants)
}

// find returns the mutant of a name.
func find(name string) (mutant, bool) {
	all := mutants()
	if i := slices.IndexFunc(all, func(m mutant) bool { return m.Name == name }); i >= 0 {
		return all[i], true
	}
	return mutant{}, false
}
