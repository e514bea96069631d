package sim

// genuine reports whether what s says counts as the word of the acceptor under
// whose name it speaks: of the disk that was its first (rule 10). A machine whose
// disk was wiped or swapped has forgotten what it promised, so the judge counts
// none of its votes. If a process does, it applies what no majority has chosen.
func (j *judge) genuine(s *suspect) bool { return s.store == 0 && s.host.voter() }
