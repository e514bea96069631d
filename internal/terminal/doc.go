// Package terminal shows progress to a person, and to nobody else: on a stderr
// that is a file or a pipe it prints nothing.
package terminal
