package wal

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"paxos/vfs"
)

// BenchmarkCommit is the latency of a commit on the disk of the temporary folder,
// and beside it, in turns, that of a bare write and fdatasync of as many bytes
// into a file whose blocks were written before: the floor.
func BenchmarkCommit(b *testing.B) {
	for _, c := range []struct{ records, bytes int }{{1, 64}, {128, 64}, {1, 8 << 10}, {8, 8 << 10}, {1000, 64}} {
		b.Run(fmt.Sprintf("%dx%dB", c.records, c.bytes), func(b *testing.B) { benchmarkCommit(b, c.records, c.bytes) })
	}
}

func benchmarkCommit(b *testing.B, records, bytes int) {
	o := diskOptions(filepath.Join(b.TempDir(), "log"))
	l, _, _, err := tryOpen(o, Position{})
	must(b, err)
	payload := make([]byte, bytes)
	var batch Batch
	addAll(&batch, records, payload)
	floor := newFloor(b, batch.Bytes()+markerBytes)
	upkeep := startUpkeep(l)
	commits := make([]time.Duration, 0, b.N)
	floors := make([]time.Duration, 0, b.N)
	b.ReportAllocs()
	b.SetBytes(int64(records * bytes))
	b.ResetTimer()
	for range b.N {
		start := time.Now()
		batch.Reset()
		addAll(&batch, records, payload)
		end, err := l.Commit(&batch)
		must(b, err)
		commits = append(commits, time.Since(start))
		b.StopTimer()
		upkeep.note(end)
		floors = append(floors, floor.write(b))
		b.StartTimer()
	}
	b.StopTimer()
	report(b, "p50", commits, 50)
	report(b, "p99", commits, 99)
	report(b, "floor-p50", floors, 50)
	report(b, "floor-p99", floors, 99)
	upkeep.stop(b)
	must(b, l.Close())
}

func addAll(batch *Batch, records int, payload []byte) {
	for range records {
		batch.Add(1, payload)
	}
}

func report(b *testing.B, name string, times []time.Duration, percent int) {
	slices.Sort(times)
	b.ReportMetric(float64(times[(len(times)-1)*percent/100])/1e3, name+"-us")
}

// floor writes and syncs as plainly as can be.
type floor struct {
	file vfs.File
	data []byte
	off  int64
}

func newFloor(b *testing.B, bytes int) *floor {
	f, err := vfs.OS{}.Create(filepath.Join(b.TempDir(), "floor"))
	must(b, err)
	must(b, fillZeros(f, "floor", 0, DefaultSegmentBytes))
	must(b, f.Sync())
	b.Cleanup(func() { must(b, f.Close()) })
	return &floor{file: f, data: make([]byte, bytes)}
}

func (f *floor) write(b *testing.B) time.Duration {
	if f.off+int64(len(f.data)) > DefaultSegmentBytes {
		f.off = 0
	}
	start := time.Now()
	_, err := f.file.WriteAt(f.data, f.off)
	must(b, err)
	must(b, f.file.Sync())
	f.off += int64(len(f.data))
	return time.Since(start)
}

// upkeep prepares and drops segments as a store would: when the log has come to a
// new one, in a goroutine beside the commits, keeping the last four.
type upkeep struct {
	log   *Log
	ends  chan Position
	done  chan error
	known uint64
}

func startUpkeep(l *Log) *upkeep {
	u := &upkeep{log: l, ends: make(chan Position, 64), done: make(chan error, 1)}
	go func() { u.done <- u.run() }()
	return u
}

func (u *upkeep) run() error {
	for end := range u.ends {
		if err := u.log.Prepare(); err != nil {
			return err
		}
		if end.Segment <= 4 {
			continue
		}
		if err := u.log.DropBefore(Position{Segment: end.Segment - 3}); err != nil {
			return err
		}
	}
	return nil
}

func (u *upkeep) note(end Position) {
	if end.Segment != u.known {
		u.known = end.Segment
		u.ends <- end
	}
}

func (u *upkeep) stop(b *testing.B) {
	close(u.ends)
	must(b, <-u.done)
}

// BenchmarkAppend is the throughput of large batches, with segments changing all
// the time.
func BenchmarkAppend(b *testing.B) {
	o := diskOptions(filepath.Join(b.TempDir(), "log"))
	l, _, _, err := tryOpen(o, Position{})
	must(b, err)
	payload := make([]byte, 64<<10)
	var batch Batch
	upkeep := startUpkeep(l)
	b.ReportAllocs()
	b.SetBytes(16 * 64 << 10)
	for b.Loop() {
		batch.Reset()
		addAll(&batch, 16, payload)
		end, err := l.Commit(&batch)
		must(b, err)
		upkeep.note(end)
	}
	upkeep.stop(b)
	b.ReportMetric(float64(l.Stats().Inline), "inline-segments")
	must(b, l.Close())
}

// BenchmarkAdd is what building a batch costs the goroutine that builds it.
func BenchmarkAdd(b *testing.B) {
	for _, bytes := range []int{64, 1024, 8 << 10} {
		b.Run(fmt.Sprintf("%dB", bytes), func(b *testing.B) {
			payload, head := make([]byte, bytes-16), make([]byte, 16)
			var batch Batch
			b.ReportAllocs()
			b.SetBytes(int64(bytes))
			for b.Loop() {
				if batch.Bytes() > 1<<20 {
					batch.Reset()
				}
				batch.Add(1, head, payload)
			}
		})
	}
}

// BenchmarkOpen is a restart after a kill, with 64 MiB of log to replay.
func BenchmarkOpen(b *testing.B) {
	o := diskOptions(filepath.Join(b.TempDir(), "log"))
	l, _, _, err := tryOpen(o, Position{})
	must(b, err)
	payload := make([]byte, 1024)
	var batch Batch
	for range 64 {
		batch.Reset()
		addAll(&batch, 1000, payload)
		_, err := l.Commit(&batch)
		must(b, err)
	}
	must(b, l.lock.Close()) // killed
	b.ReportAllocs()
	for b.Loop() {
		again, report, err := Open(o, Position{}, func(Position, uint8, []byte) error { return nil })
		must(b, err)
		b.SetBytes(report.Bytes)
		must(b, closeSegments(append(again.ready, again.active)))
		must(b, again.lock.Close())
	}
	must(b, os.RemoveAll(o.Dir))
}

func TestACommitDoesNotAllocate(t *testing.T) {
	l, _, _, err := tryOpen(diskOptions(filepath.Join(t.TempDir(), "log")), Position{})
	must(t, err)
	var batch Batch
	payload := make([]byte, 100)
	allocations := testing.AllocsPerRun(20, func() {
		batch.Reset()
		addAll(&batch, 10, payload)
		if _, err := l.Commit(&batch); err != nil {
			t.Fatal(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations a commit", allocations)
	}
	must(t, l.Close())
}
