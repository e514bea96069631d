// Package report draws what happened in a torture run, and shows past runs in a browser.
//
// Where to read on:
//
//   - write.go: the files that a run's folder gets;
//   - latency.go, rate.go: the plots, on a chart (chart.go); bands.go draws the nemesis behind them;
//   - timeline.go: who did what when, as a page;
//   - runs.go: past runs in a folder; serve.go: the pages that list and show them.
package report
