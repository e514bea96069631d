package sim

// stopped is told of a process that ended by itself.
func (j *judge) stopped(h *host, err error) {}
