package main

import (
	"os"
	"runtime/debug"
)

const (
	gcPercent   = 400
	memoryLimit = 48 << 20 // bytes
)

// tuneMemory sets the garbage collector for a process with a small live heap
// and a great deal of short-lived buffers: windows, caches and the votes since
// the last checkpoint are bounded by the design, and the list is on disk. So it
// collects only when the heap has grown to five times of what lives, and, under
// full load, more eagerly, as soon as it comes near 48 MiB. The limit is no cap:
// what lives must fit without it. GOGC and GOMEMLIMIT overrule both.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
