// Package chart draws lines and points over two axes, as SVG: for torture runs (package
// internal/torture/report) and for benchmarks (internal/bench).
//
// chart.go has the frame, the axes and the legend; line.go has lines. Whoever draws
// something else adds SVG of its own, at the places that X and Y say.
package chart
