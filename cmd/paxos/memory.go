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
// and a great deal of short-lived buffers: what lives is a few MiB (caches and
// windows are bounded, the list is on disk), so collecting only when the heap
// has grown to five times of it costs little memory and saves much time. The
// limit makes it collect more eagerly where that would pass 48 MiB; it is no
// cap, and nothing relies on it. GOGC and GOMEMLIMIT overrule both.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
