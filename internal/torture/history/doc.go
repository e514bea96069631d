// Package history is what concurrent clients did to a cluster, and what they were told:
// the record that a torture run leaves, in the format that Jepsen's users know.
//
// Where to read on:
//
//   - op.go: one operation's beginning or end, and the nemesis' deeds;
//   - values.go: what an operation was given, and what it was answered;
//   - recorder.go: keeps the history of a run, for many goroutines;
//   - write.go: history.edn, one map a line; elle.go: elle.edn, the same as transactions;
//   - read.go: histories from anywhere; package edn below this one reads the notation;
//   - pairs.go: which end belongs to which beginning.
//
// # A history
//
// A process does one thing at a time. It invokes an operation, and then one of three
// things is recorded: ok, it was done, and this is the answer; fail, it was not done and
// never will be; info, nobody knows: it may take effect at any later time, or never. After
// an info the process is retired, because it can't be said any more that it does one thing
// at a time: its client goes on under a new number. An operation that has no
// end when the history ends counts as info.
//
// # What stands in it
//
// All appended values of a history differ, so that a value tells which append it came
// from.
//
//	:f      :invoke          :ok
//	append  the value        {:appended-value v :new-state [...]}   the whole list, to this value
//	                         {:appended-value v :index i}           where it stands, from 0
//	                         {:appended-value v :index i :hash h}   and what stands before it
//	                         the value                              that it was done, no more
//	read    nil              [...]                                  the whole list
//	                         {:length n}                            how long the list is
//	                         {:length n :hash h}                    and what stands in it
//	                         {:index i :value v :length n}          one entry; no :value where there is none
//	                         the value, or nil                      a register's
//	write   the value        the value; nil deletes what was there
//	cas     [old new]        [old new]
//
// Where there are several registers, each by its own key, all values are [key value], and
// those of a compare and set [key [old new]].
//
// A whole list in each answer is quadratic: 10,000 appends write 50 million numbers. Where
// that is too much, record the list's length and hash instead: a hash (func Whole) is as
// good as the list for the judges if some operation, say the last read, was answered with
// the list itself. Without one the order of the values is not known, and the judges say so.
package history
