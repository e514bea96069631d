// Package report makes medians, ratios and verdicts of what package compare measured.
//
// report.go makes them, targets.go says which targets hold, text.go writes
// tables for people, which are Markdown, so that they can go into docs/performance.md.
package report
