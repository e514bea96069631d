// Package measure looks at processes from outside, all alike: their CPU time and
// peak memory from /proc, and their fsyncs as the kernel counts them.
//
// The fsyncs are counted by perf_event_open at the tracepoints of the system calls
// fsync, fdatasync, sync_file_range, msync, sync and syncfs. That slows nothing down, needs no
// program, and no system can hide a sync or invent one. It needs root and tracefs;
// without them [Syncs] says so, and no figure is given.
package measure
