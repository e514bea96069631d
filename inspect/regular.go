package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"paxos/vfs"
)

// errIrregular says that something else stands where a file belongs. It is not opened: a
// named pipe would wait for a writer for ever.
var errIrregular = errors.New("no regular file")

// regular is about the file at path, or an error if there is something else.
func regular(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("it is %w: %s", errIrregular, info.Mode())
	}
	return info, err
}

func openRegular(path string) (*os.File, error) {
	if _, err := regular(path); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// regularFiles is the machine's file system without what is no regular file.
type regularFiles struct{ vfs.OS }

// OpenRead implements vfs.FS.
func (f regularFiles) OpenRead(path string) (vfs.File, error) {
	if _, err := regular(path); err != nil {
		return nil, err
	}
	return f.OS.OpenRead(path)
}
