package inspect

import (
	"errors"
	"fmt"

	"paxos/wal"
)

// Finding is something that is wrong, or, if Note is set, only worth knowing.
type Finding struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"` // bytes from the beginning of File; -1: the file as a whole
	Detail string `json:"detail"`
	Note   bool   `json:"note,omitempty"`
}

func (f Finding) String() string {
	if f.Offset < 0 {
		return fmt.Sprintf("%s: %s", f.File, f.Detail)
	}
	return fmt.Sprintf("%s at offset %d: %s", f.File, f.Offset, f.Detail)
}

// ofLog makes a finding of an error of package wal, if that names a place.
func ofLog(err error) (Finding, bool) {
	var c *wal.CorruptError
	if !errors.As(err, &c) {
		return Finding{}, false
	}
	return Finding{File: c.File, Offset: c.Offset, Detail: c.Detail}, true
}
