// Package edn reads and writes EDN, the notation of Clojure's values, in which Jepsen
// keeps histories (https://github.com/edn-format/edn).
//
// The reader takes what comes from anywhere: bad input gives an error that names line
// and column, nesting is bounded, and memory grows with the input and no faster. It
// also takes what Clojure prints though EDN does not have it: ratios, ##Inf, ##NaN,
// and maps with a namespace (#:ns{...}).
//
// Where to read on: values.go has the types; reader.go reads collections, scalar.go what
// is no collection; write.go writes.
package edn
