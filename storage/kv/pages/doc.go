// Package pages reads the file of a bbolt database without bbolt: to look at it,
// never to change it.
//
// bbolt itself takes a lock on the file and waits for it, maps it into memory,
// trusts all pages but its two meta pages, and ends in a panic on damage. This
// package only ever calls ReadAt. It checks every number that it reads before it
// uses it, says at which offset of the file something is wrong, and goes on with
// what lies beside it.
//
// # Use
//
//	file := pages.New(path, reader, size)
//	meta, problems := file.Newest()             // or what a running process has pinned
//	walk := file.Walk(meta, report)
//	err := walk.Each(walk.Root(), nil, visit)   // every key of the tree, in order
//	walk.Rest()                                 // and every page that no tree has
//
// What Each shows is an [Element]; one that is a bucket has a [Tree] of its own. Values
// is the same for the values in a bucket, of which large ones have a bucket each. A Walk goes to every page once, so it takes a new one to read anything again.
//
// Memory is that of one path from the root to a leaf, and one bit for each page of
// the file: 32 KiB for a gigabyte.
//
// # Where to read on
//
// meta.go has the meta pages, page.go the header and the table of elements of a
// page, walk.go the tree, large.go large values, freelist.go the pages in no tree. docs/inspect.md has the
// format in byte tables.
package pages
