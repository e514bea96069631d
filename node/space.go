package node

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"paxos/protocol"
)

// space watches the disk: commands are refused while there is still room for
// votes, checkpoints and recovery.
type space struct {
	dir     string
	reserve int64 // bytes; 0: nobody looks
	free    func(dir string) (int64, error)
	left    int64 // as of the last look; -1: not known
	low     bool
	at      protocol.Time // of the next look
}

// spaceEvery is the time between two looks.
const spaceEvery = time.Second

func newSpace(o Options) space {
	s := space{dir: o.DataDir, reserve: o.ReserveBytes, free: o.FreeBytes, left: -1}
	if s.free == nil {
		s.free = freeBytes
	}
	return s
}

// freeBytes is what an unprivileged process may still write to dir's file system.
func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// look reports whether it has become low, or is so no more. There must be an
// eighth more than the reserve again, so that it does not flutter. What cannot be
// found out changes nothing.
func (s *space) look(now protocol.Time) (changed bool) {
	if s.reserve == 0 || now < s.at {
		return false
	}
	s.at = now.Add(spaceEvery)
	free, err := s.free(s.dir)
	if err != nil {
		return false
	}
	s.left = free
	low := free < s.reserve
	if s.low {
		low = free < s.reserve+s.reserve/8
	}
	changed = low != s.low
	s.low = low
	return changed
}
