// Package histogram counts durations in buckets whose width grows with the
// value, so that any quantile is known to within 1/64 of itself, in constant memory.
// [Fixed] has fewer buckets, for monitoring, and is for many goroutines.
package histogram
