package sim

import (
	"errors"
	"time"

	"paxos/acceptor"
	"paxos/storage"
)

// trouble is what the faults have done to a machine's disk and store: it explains
// why a process stops, and nothing else does. One machine has one of these at a
// time.
type trouble struct {
	fails   bool  // an operation fails, or has failed
	full    bool  // there is no room
	low     bool  // there is little room
	rotten  bool  // a bit has flipped
	missing bool  // the store is not where it should be
	refused error // what the next start must say; nil: it need not be refused
	bare    bool  // there is nothing in its place, and --init is not given
}

func (t *trouble) any() bool { return *t != trouble{} }

// The errors of broken disks.
var (
	errBroken = errors.New("the disk is broken")
	errSync   = errors.New("the disk lost what it had promised to write")
)

// explain checks that a fault explains why a process stops.
func (h *host) explain(doing string, err error) {
	t := &h.trouble
	switch {
	case t.refused != nil && errors.Is(err, t.refused):
		h.w.count("refused stores", 1)
	case t.fails && (errors.Is(err, errBroken) || errors.Is(err, errSync)):
		h.w.count("failed disks", 1)
	case t.full && errors.Is(err, storage.ErrDiskFull):
		h.w.count("full disks", 1)
	case (t.rotten || h.met) && errors.Is(err, storage.ErrCorrupt):
		h.w.count("damage found", 1)
	case h.stores > 1 && errors.Is(err, acceptor.ErrStranger):
		h.w.count("strangers stopped", 1)
	default:
		h.w.fail("stopped", "%v stopped by itself, in %s, and no fault explains it: %v", h, doing, err)
	}
}

// afterError does what the machine, or who looks after it, does next.
func (h *host) afterError(err error) {
	switch {
	case errors.Is(err, acceptor.ErrStranger):
		h.stopped()
	case errors.Is(err, errBroken), errors.Is(err, errSync), errors.Is(err, storage.ErrDiskFull), h.met && errors.Is(err, storage.ErrCorrupt):
		h.startSoon()
	}
}

// startSoon starts the process again after a while, as a service manager does.
func (h *host) startSoon() {
	h.w.later(50*time.Millisecond+time.Duration(h.rng.Int64N(int64(300*time.Millisecond))), h.start)
}

// opened checks that a store that had to be refused was not opened.
func (h *host) opened() {
	if t := &h.trouble; t.refused != nil {
		h.w.fail("refused", "%v opened a store that it must refuse: %v", h, t.refused)
	}
}

const (
	// reserveBytes of a list server's disk are kept free.
	reserveBytes = 1 << 20
	plentyBytes  = 1 << 30
)

// freeBytes is what is left on the disk.
func (h *host) freeBytes(string) (int64, error) {
	if h.trouble.low || h.trouble.full {
		return reserveBytes / 2, nil
	}
	return plentyBytes, nil
}
