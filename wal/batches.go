package wal

import (
	"fmt"
)

// batch is a whole batch, found valid.
type batch struct {
	seq        uint64
	start, end int64 // of its frames, the marker included
	records    int
	closes     bool // it is the marker of a clean close
}

// stop says where a batch was expected, and why there is none.
type stop struct {
	off    int64 // of the first frame that is missing or wrong
	fault  string
	begun  bool // valid frames of a batch stand before it
	filled bool // something stands there: a torn batch, damage, or an earlier use of the file
}

// batch reads the batch with number seq at start, or tells what is wrong with it.
// 0 stands for any number.
func (r *reader) batch(start int64, seq uint64) (batch, *stop, error) {
	b := batch{start: start, end: start}
	sum := uint32(0)
	for {
		f, err := r.frame(b.end)
		if err != nil {
			return b, nil, err
		}
		if !f.valid() {
			return b, &stop{off: f.off, fault: f.fault, begun: f.off > start, filled: !f.empty}, nil
		}
		b.end += f.bytes
		if f.typ > MaxType {
			b.closes = f.typ == typeClose
			if b.seq = seq; seq == 0 {
				b.seq = decodeMarker(f.payload).seq
			}
			want := marker{seq: b.seq, bytes: uint32(f.off - start), records: uint32(b.records), sum: sum}
			return b, checkMarker(f, want, b.closes), nil
		}
		b.records++
		sum = r.addTo(sum, f)
	}
}

func checkMarker(f frame, want marker, closes bool) *stop {
	got := decodeMarker(f.payload)
	if got == want && closes == (want.records == 0) {
		return nil
	}
	fault := "batch that does not agree with its commit frame"
	if got.seq != want.seq {
		fault = fmt.Sprintf("batch %d where batch %d belongs", got.seq, want.seq)
	}
	return &stop{off: f.off, fault: fault, begun: true, filled: true}
}

// markerAt reads the marker at off, if a valid one is there.
func (r *reader) markerAt(off int64) (m marker, closes, ok bool, err error) {
	if off < headerBytes || off%frameAlignment != 0 || off+markerBytes > r.size {
		return marker{}, false, false, nil
	}
	f, err := r.frame(off)
	if err != nil || !f.valid() || f.typ <= MaxType {
		return marker{}, false, false, err
	}
	return decodeMarker(f.payload), f.typ == typeClose, true, nil
}

// findMarker returns the first valid marker at or after off that is wanted.
func (r *reader) findMarker(off int64, wanted func(marker) bool) (at int64, m marker, ok bool, err error) {
	for off+markerBytes <= r.size {
		window, err := r.window(off, markerBytes)
		if err != nil {
			return 0, marker{}, false, err
		}
		skipped, maybe := toMarker(window)
		off += int64(skipped)
		if !maybe {
			continue
		}
		m, _, ok, err := r.markerAt(off)
		if err != nil || ok && wanted(m) {
			return off, m, ok, err
		}
		off += frameAlignment
	}
	return 0, marker{}, false, nil
}

// toMarker returns how many bytes lie before the first thing that looks like the
// beginning of a marker.
func toMarker(window []byte) (skipped int, maybe bool) {
	commit, closing := frameWord(typeCommit, markerPayloadBytes), frameWord(typeClose, markerPayloadBytes)
	i := 0
	for ; i+frameHeaderBytes <= len(window); i += frameAlignment {
		if word := order.Uint32(window[i+4:]); word == commit || word == closing {
			return i, true
		}
	}
	return i, false
}
