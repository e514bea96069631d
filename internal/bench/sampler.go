package bench

import (
	"sync"
	"time"

	"paxos/internal/cluster"
	"paxos/protocol"
)

// sampleEvery is how often the processes are looked at.
const sampleEvery = 20 * time.Millisecond

// Memory is what a role needed most; of several processes, the one that needed most.
type Memory struct {
	PeakRSS  int64 `json:"peak_rss"`      // bytes, mapped file pages included
	PeakAnon int64 `json:"peak_rss_anon"` // bytes of anonymous memory, as sampled
}

// sampler looks at the processes of a cluster until it is stopped.
type sampler struct {
	cluster *cluster.Cluster
	quit    chan struct{}
	stopped sync.WaitGroup

	samples []sample
	memory  map[protocol.Role]Memory
	last    map[*cluster.Process]time.Duration // CPU time, also of those that have ended
}

// sample is the CPU time of all processes together.
type sample struct {
	at  time.Time
	cpu time.Duration
}

func newSampler(c *cluster.Cluster) *sampler {
	s := &sampler{cluster: c, quit: make(chan struct{}), memory: make(map[protocol.Role]Memory), last: make(map[*cluster.Process]time.Duration)}
	s.stopped.Go(s.run)
	return s
}

func (s *sampler) run() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		s.look()
		select {
		case <-s.quit:
			return
		case <-tick.C:
		}
	}
}

// stop ends the sampling; what was sampled may be read then.
func (s *sampler) stop() {
	close(s.quit)
	s.stopped.Wait()
}

func (s *sampler) look() {
	now := time.Now()
	for _, p := range s.cluster.Living() {
		u, err := p.Usage()
		if err != nil {
			continue // it has just ended: what it used last counts
		}
		s.last[p] = u.CPU
		m := s.memory[p.Role]
		s.memory[p.Role] = Memory{max(m.PeakRSS, u.PeakRSS), max(m.PeakAnon, u.RSSAnon)}
	}
	var sum time.Duration
	for _, cpu := range s.last {
		sum += cpu
	}
	s.samples = append(s.samples, sample{now, sum})
}

// cpuBetween is the CPU time that all processes took from one moment to another.
func (s *sampler) cpuBetween(from, to time.Time) time.Duration {
	return s.cpuAt(to) - s.cpuAt(from)
}

// cpuAt is the CPU time at the sample that is nearest to a moment.
func (s *sampler) cpuAt(at time.Time) time.Duration {
	var nearest sample
	for _, x := range s.samples {
		if x.at.Sub(at).Abs() < nearest.at.Sub(at).Abs() {
			nearest = x
		}
	}
	return nearest.cpu
}
