// Package lines turns text into values and back: a client's stdin, one value a
// line, and a learner's stdout, one value a line.
//
// [Reader] is the client's side. A line ends with "\n" or "\r\n", which are not
// part of the value; the last line may lack its end. An empty line is an empty
// value: nothing that was given is skipped.
//
// [Printer] is the learner's side. It writes in the background whatever has
// gathered since its last write, so that a value is out as soon as the reader
// at the other end takes it, a busy learner makes few system calls, and a slow
// reader costs bounded memory.
package lines
