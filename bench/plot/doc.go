// Package plot draws a report as SVG pictures, for docs/performance.md.
//
// The pictures follow the reader's choice of light or dark by themselves, and need
// no program to draw: bars.go has bars, curves.go curves, svg.go what both are
// made of, plot.go chooses what is drawn.
package plot
