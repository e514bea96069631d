package sim

// workload are the clients.
type workload struct{ w *world }

func newWorkload(w *world) *workload { return &workload{w} }

// start lets the clients begin.
func (l *workload) start() {}

// drain lets them end: nothing new is begun, what is open is brought to its end.
func (l *workload) drain() {}
