package bench

import (
	"strings"
	"sync"
	"time"

	"paxos/internal/cluster"
	"paxos/internal/process"
	"paxos/internal/servers"
)

// sampleEvery is how often the processes are looked at.
const sampleEvery = 20 * time.Millisecond

// Memory is what a role needed most; of several processes, the one that needed most.
type Memory struct {
	PeakRSS  int64 `json:"peak_rss"`      // bytes, mapped file pages included
	PeakAnon int64 `json:"peak_rss_anon"` // bytes of anonymous memory, as sampled
}

// metered is a process that is looked at.
type metered struct {
	*process.Process
	store string // folder
}

// role is what processes of its kind are called: "acceptor" of "acceptor 1".
func (m metered) role() string {
	role, _, _ := strings.Cut(m.String(), " ")
	return role
}

// meter looks at processes until it is stopped.
type meter struct {
	living  func() []metered
	disks   bool // look at the stores, too, now and then
	quit    chan struct{}
	stopped sync.WaitGroup

	readings []reading
	memory   map[string]Memory                  // by role
	last     map[*process.Process]time.Duration // CPU time, also of those that have ended
	stores   map[string]int64                   // bytes, by the process's name, as last seen
}

// reading is what was seen at a time.
type reading struct {
	at   time.Time
	cpu  time.Duration // of all processes together
	each map[string]Figures
}

// Figures are what one process took at a time, in bytes.
type Figures struct {
	RSS  int64 `json:"rss"`      // mapped file pages included
	Anon int64 `json:"rss_anon"` // anonymous memory
	Disk int64 `json:"disk"`     // its store
}

func startMeter(living func() []metered, disks bool) *meter {
	m := &meter{
		living: living, disks: disks, quit: make(chan struct{}),
		memory: make(map[string]Memory), last: make(map[*process.Process]time.Duration), stores: make(map[string]int64),
	}
	m.stopped.Go(m.run)
	return m
}

// rolesOf are the processes of a cluster of multicast roles.
func rolesOf(c *cluster.Cluster) func() []metered {
	return func() (all []metered) {
		for _, p := range c.Living() {
			all = append(all, metered{p.Process, c.DataDir(p.Role, p.ID)})
		}
		return all
	}
}

// serversOf are the processes of list servers.
func serversOf(c *servers.Cluster) func() []metered {
	return func() (all []metered) {
		for i := 1; i <= c.Count(); i++ {
			if c.Running(i) {
				all = append(all, metered{c.Process(i), c.DataDir(i)})
			}
		}
		return all
	}
}

func (m *meter) run() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		m.look()
		select {
		case <-m.quit:
			return
		case <-tick.C:
		}
	}
}

// stop ends it; what was seen may be read then.
func (m *meter) stop() {
	close(m.quit)
	m.stopped.Wait()
}

// storesEvery is how many readings come before the stores are looked at again.
const storesEvery = 10

func (m *meter) look() {
	now := reading{at: time.Now(), each: make(map[string]Figures)}
	for _, p := range m.living() {
		u, err := p.Usage()
		if err != nil {
			continue // it has just ended: what it used last counts
		}
		m.last[p.Process] = u.CPU
		peak := m.memory[p.role()]
		m.memory[p.role()] = Memory{max(peak.PeakRSS, u.PeakRSS), max(peak.PeakAnon, u.RSSAnon)}
		if m.disks && len(m.readings)%storesEvery == 0 {
			m.weigh(p)
		}
		f := Figures{RSS: u.RSS, Anon: u.RSSAnon, Disk: m.stores[p.String()]}
		if f.RSS == 0 && len(m.readings) > 0 { // it is just ending: what it used last counts
			f = m.readings[len(m.readings)-1].each[p.String()]
		}
		if f.RSS > 0 {
			now.each[p.String()] = f
		}
	}
	for _, cpu := range m.last {
		now.cpu += cpu
	}
	m.readings = append(m.readings, now)
}

// weigh looks at a store. Where a file goes while it is looked at, what was seen last counts.
func (m *meter) weigh(p metered) {
	if n, err := process.DiskBytes(p.store); err == nil {
		m.stores[p.String()] = n
	}
}

// cpuBetween is the CPU time that all processes took from one moment to another.
func (m *meter) cpuBetween(from, to time.Time) time.Duration {
	return m.nearest(to).cpu - m.nearest(from).cpu
}

// nearest is the reading that is nearest to a moment.
func (m *meter) nearest(at time.Time) (best reading) {
	for _, r := range m.readings {
		if r.at.Sub(at).Abs() < best.at.Sub(at).Abs() {
			best = r
		}
	}
	return best
}
