package sim

// Run carries one run out.
func Run(o Options) *Result {
	return &Result{Seed: o.Seed}
}
