package list

// Refound gives the list to a new cluster: from now on these are its members, and
// there was no change before. Entries and sessions stay. Only the tools that
// restore a list call it, on a State that no process runs: in a running cluster
// nothing but what is decided changes the members (rule 13).
func (s *State) Refound(members Members) { s.members = members }
