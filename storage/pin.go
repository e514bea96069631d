package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"paxos/storage/kv"
)

// Pin is a consistent state of a running store, held for another process that reads
// its files: the database stays as Meta says until the pin is let go.
type Pin struct {
	*kv.Pin
	// Durable is the end of what was durable in the log right after that.
	Durable Position
}

// Pin holds what is in the database now. It changes nothing, and an error of it is
// not the store's end.
func (s *Store) Pin() (*Pin, error) {
	if err := s.ending.reason(); err != nil {
		return nil, err
	}
	db, ok := s.db.(kv.Pinner)
	if !ok {
		return nil, errors.New("this database cannot be pinned")
	}
	pin, err := db.Pin()
	if err != nil {
		return nil, fmt.Errorf("pin a view of the database: %w", err)
	}
	return &Pin{Pin: pin, Durable: s.log.End()}, nil
}

// PinAnswer is what a running process tells somebody who connects to the socket in
// its folder: one line of JSON. It holds the pin until the connection ends.
type PinAnswer struct {
	Version int      `json:"version"` // PinVersion
	Process int      `json:"pid"`
	Store   string   `json:"store"`
	Meta    []byte   `json:"meta"` // of the database, see package storage/kv/pages
	Durable Position `json:"durable"`
	Error   string   `json:"error,omitempty"` // why there is no pin
}

// PinVersion is the version of PinAnswer.
const PinVersion = 1

// SocketName is where in its folder a running process listens for those who want to
// look at it.
const SocketName = "inspect.sock"

// maxSocketPath is the longest path that the system takes for a socket, and some less.
const maxSocketPath = 100

// SocketPath is a path to a name in a folder that is short enough for a socket's
// address, however long the folder's is. It holds until done is called.
func SocketPath(dir, name string) (path string, done func(), err error) {
	if path = filepath.Join(dir, name); len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	folder, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), name), func() { _ = folder.Close() }, nil
}
