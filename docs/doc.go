// Package docs has no code, only the tests of the pages beside it (start reading at
// README.md): every command in them is run, every Go snippet is tested code, every link
// leads somewhere. How to write a page so that this works is told in writing.md, and the
// machinery is in internal/doctest.
package docs
