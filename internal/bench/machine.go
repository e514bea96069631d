package bench

import (
	"fmt"

	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"paxos/internal/cluster"
	"paxos/protocol"
	"paxos/transport"
	"paxos/transport/multicast"
)

// probeFor is how long each probe of the machine runs.
const probeFor = 300 * time.Millisecond

// Machine is what the machine allowed in the same run, without any Paxos.
type Machine struct {
	CPUs int `json:"cpus"`
	// InMemory says that the stores lie on a file system without a disk: then
	// fdatasync costs nothing, and the figures say little.
	InMemory bool `json:"stores_in_memory"`
	// FsyncP50 is the median of an fdatasync of 4 KiB in blocks that were written
	// before; FsyncP50Of3 the same with three of them at once, each on its file.
	FsyncP50    time.Duration `json:"fsync_p50_ns"`
	FsyncP50Of3 time.Duration `json:"fsync_p50_of_3_ns"`
	// Datagrams is how many multicast datagrams a second one sender got through
	// to each of three receivers, by payload size.
	Datagrams []Datagrams `json:"datagrams"`
}

// Datagrams is the rate of multicast datagrams of one size.
type Datagrams struct {
	Bytes     int     `json:"bytes"`
	PerSecond float64 `json:"per_second"`
}

// probe measures the machine, with files in dir.
func probe(dir string) (Machine, error) {
	m := Machine{CPUs: runtime.NumCPU()}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return m, fmt.Errorf("ask for the file system of %s: %w", dir, err)
	}
	m.InMemory = fs.Type == unix.TMPFS_MAGIC
	var err error
	if m.FsyncP50, err = fsyncs(dir, 1); err != nil {
		return m, err
	}
	if m.FsyncP50Of3, err = fsyncs(dir, 3); err != nil {
		return m, err
	}
	for _, size := range []int{100, 1400, 8000} {
		rate, err := datagrams(size)
		if err != nil {
			return m, err
		}
		m.Datagrams = append(m.Datagrams, Datagrams{size, rate})
	}
	return m, nil
}

// fsyncs measures fdatasyncs, several at once, and returns the median.
func fsyncs(dir string, atOnce int) (time.Duration, error) {
	all := make([][]time.Duration, atOnce)
	errs := make([]error, atOnce)
	var wg sync.WaitGroup
	for i := range atOnce {
		wg.Go(func() { all[i], errs[i] = fsyncFile(filepath.Join(dir, fmt.Sprintf("probe-%d", i))) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, fmt.Errorf("measure fdatasync: %w", err)
		}
	}
	took := slices.Concat(all...)
	slices.Sort(took)
	return took[len(took)/2], nil
}

// fsyncFile writes and syncs blocks of a file that was written before.
func fsyncFile(path string) ([]time.Duration, error) {
	const blocks, block = 1024, 4096
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer os.Remove(path)
	defer f.Close()
	if _, err := f.Write(make([]byte, blocks*block)); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	var took []time.Duration
	data := make([]byte, block)
	for began := time.Now(); time.Since(began) < probeFor; {
		data[0]++
		if _, err := f.WriteAt(data, int64(len(took)%blocks)*block); err != nil {
			return nil, err
		}
		before := time.Now()
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return nil, err
		}
		took = append(took, time.Since(before))
	}
	return took, nil
}

// datagrams measures one sender and three receivers on loopback.
func datagrams(size int) (perSecond float64, err error) {
	const receivers, batch = 3, 16
	groups, err := cluster.FreeGroups()
	if err != nil {
		return 0, err
	}
	options := multicast.Options{Groups: groups, Interface: "lo", ReceiveBuffer: multicast.DefaultBuffer, SendBuffer: multicast.DefaultBuffer}
	sender, err := multicast.Open(options)
	if err != nil {
		return 0, err
	}
	defer sender.Close()
	options.Join = []protocol.Group{protocol.GroupAcceptors}
	var all []*multicast.Transport
	var wg sync.WaitGroup
	defer wg.Wait()
	for range receivers {
		r, err := multicast.Open(options)
		if err != nil {
			return 0, err
		}
		defer r.Close()
		all = append(all, r)
		wg.Go(func() { drain(r) })
	}
	out := make([]transport.Datagram, batch)
	for i := range out {
		out[i] = transport.Datagram{Group: protocol.GroupAcceptors, Data: make([]byte, size)}
	}
	began := time.Now()
	for time.Since(began) < probeFor {
		sender.Send(out)
	}
	var received uint64
	for _, r := range all {
		received += r.Stats().ReceivedDatagrams
	}
	return float64(received) / receivers / time.Since(began).Seconds(), nil
}

// drain receives until the transport is closed.
func drain(r *multicast.Transport) {
	var batch []transport.Datagram
	for {
		var err error
		if batch, err = r.Receive(batch[:0]); err != nil {
			return
		}
	}
}
