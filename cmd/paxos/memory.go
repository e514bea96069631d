package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

const (
	gcPercent   = 100
	memoryLimit = 48 << 20 // bytes
)

// tuneMemory sets the garbage collector. What lives is some 20 MiB at full load
// (caches and windows are bounded, the list is on disk), so that the heap stays
// below twice of that. Near 48 MiB the limit makes it collect more eagerly; it is
// no cap, and nothing relies on it. GOGC and GOMEMLIMIT overrule both.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	runtime.MemProfileRate = 0
}

// profileMemory has allocations sampled, once in so many bytes, for who asks for profiles
// (--pprof). It costs some half a percent of the time.
func profileMemory() { runtime.MemProfileRate = 512 << 10 }
