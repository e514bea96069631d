package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// denied is an error of the class fs.ErrPermission, with what to do. It says nothing
// about the store, least of all that it is damaged.
type denied struct {
	err   error
	dir   string
	owner string
}

func (d *denied) Error() string {
	return fmt.Sprintf("%v: run this as the user to whom %s belongs%s", d.err, d.dir, d.owner)
}

func (d *denied) Unwrap() error { return d.err }

// Denied says what to do about an error of the class fs.ErrPermission that came from the
// store in dir. It returns every other error as it is.
func Denied(err error, dir string) error {
	if !errors.Is(err, fs.ErrPermission) || errors.As(err, new(*denied)) {
		return err
	}
	d := &denied{err: err, dir: dir}
	if info, e := os.Stat(dir); e == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			d.owner = fmt.Sprintf(" (user id %d)", stat.Uid)
		}
	}
	return d
}
