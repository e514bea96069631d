// Package histogram counts durations in buckets whose width grows with the
// value, so that any quantile is known to within 1/64 of itself, in constant memory.
package histogram
