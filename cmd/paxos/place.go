package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"

	"paxos/storage"
)

// dataDir is the folder of the server's store: by default that of its line in the
// cluster file.
func (s *listServer) dataDir() string {
	return cmp.Or(s.flags.dataDir, filepath.Join(filepath.Dir(s.flags.cluster), "paxos-data", fmt.Sprintf("server-%d", s.self.ID)))
}

// mayBeNew reports whether this server need not stand in the cluster file.
func (s *listServer) mayBeNew() bool { return s.flags.join || hasStore(s.flags.dataDir) }

func hasStore(dir string) bool {
	if dir == "" {
		return false
	}
	_, err := storage.ReadIdentity(dir)
	return !errors.Is(err, storage.ErrNotFormatted)
}
