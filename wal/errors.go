package wal

import (
	"errors"
	"fmt"
)

var (
	// ErrCorrupt is the class of all errors that say: what is on the disk is not
	// what was written. The error itself is a *CorruptError.
	ErrCorrupt = errors.New("wal: corrupt")
	// ErrTooLarge says that a record or a batch exceeds its limit. The log is as
	// it was, and may be used on.
	ErrTooLarge = errors.New("wal: too large")
	// ErrClosed is returned by every call after Close.
	ErrClosed = errors.New("wal: closed")
)

// CorruptError names the place of damage. errors.Is(err, ErrCorrupt) holds.
type CorruptError struct {
	File   string
	Offset int64 // bytes from the beginning of File
	Detail string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("wal: corrupt: %s at offset %d: %s", e.File, e.Offset, e.Detail)
}

// Is makes every CorruptError an ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

func corrupt(file string, offset int64, format string, args ...any) error {
	return &CorruptError{File: file, Offset: offset, Detail: fmt.Sprintf(format, args...)}
}
