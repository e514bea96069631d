// Package doctest reads the pages of documentation as a reader does, so that tests
// can do what they say: run their commands, compare what comes out with what the
// page shows, and follow their links. How to write a page is told in docs/writing.md.
//
//   - page.go: a Markdown page as a row of blocks of code, each with what the page says of it;
//   - console.go: the commands of a console block, each with the output that it shows;
//   - compare.go: whether an output is the one that a page shows;
//   - links.go: links, anchors, and whether they lead somewhere;
//   - shell.go: a shell in a scratch copy of the source, without a network.
//
// The tests are in docs (all pages), cmd/paxos (flags) and server (the API's endpoints).
package doctest
