package driver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// message is what the network must know of a line.
type message struct {
	Src  string          `json:"src"`
	Dest string          `json:"dest"`
	Body json.RawMessage `json:"body"`
}

// Faults say what befalls messages between nodes. Those from and to clients
// arrive at once, as Maelstrom's do.
type Faults struct {
	Loss  float64       // probability from 0 to 1
	Delay time.Duration // mean of an exponential distribution, 0 for none
}

// Network carries messages. Any goroutine may use it.
type Network struct {
	seed  uint64
	stats Stats

	mu     sync.Mutex
	faults Faults
	hosts  map[string]*host
	cut    map[link]bool
	rngs   map[link]*rand.Rand
	err    error // the first line that was no message
}

// Stats count the messages between nodes.
type Stats struct{ Carried, Lost, Cut int }

type link struct{ src, dest string }

// host is who can be sent to.
type host struct {
	lines chan []byte
	gone  chan struct{} // closed when it does not listen any more
}

// hostDepth is how many messages may wait for a host; what comes then is lost.
const hostDepth = 4096

func newNetwork(seed uint64) *Network {
	return &Network{seed: seed, hosts: make(map[string]*host), cut: make(map[link]bool), rngs: make(map[link]*rand.Rand)}
}

// SetFaults sets what befalls messages from now on.
func (n *Network) SetFaults(f Faults) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = f
}

// Cut makes that dest does not hear src.
func (n *Network) Cut(src, dest string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut[link{src, dest}] = true
}

// Heal ends all cuts.
func (n *Network) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.cut)
}

// Stats returns the counts so far.
func (n *Network) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stats
}

// Err is the first line on a node's stdout that was no message.
func (n *Network) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

func (n *Network) join(name string) *host {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := &host{lines: make(chan []byte, hostDepth), gone: make(chan struct{})}
	n.hosts[name] = h
	return h
}

func (n *Network) leave(name string, h *host) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts[name] == h {
		delete(n.hosts, name)
	}
	close(h.gone)
}

// attach connects a node's pipes, until its stdout ends.
func (n *Network) attach(name string, in io.Writer, out io.Reader) *host {
	h := n.join(name)
	go h.write(in)
	go n.read(name, out)
	return h
}

func (h *host) write(in io.Writer) {
	for {
		select {
		case line := <-h.lines:
			if _, err := in.Write(line); err != nil {
				return
			}
		case <-h.gone:
			return
		}
	}
}

func (n *Network) read(name string, out io.Reader) {
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return // it ended, perhaps in the middle of a line
		}
		if err := n.take(name, line); err != nil {
			n.mu.Lock()
			n.err = errors.Join(n.err, err)
			n.mu.Unlock()
			return
		}
	}
}

// take takes a line from a node.
func (n *Network) take(name string, line []byte) error {
	var m message
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return fmt.Errorf("stdout of %s: %.200q: %w", name, line, err)
	}
	if m.Src != name || m.Dest == "" || len(m.Body) == 0 || m.Body[0] != '{' {
		return fmt.Errorf("stdout of %s: %.200q is no message from it", name, line)
	}
	n.send(link{m.Src, m.Dest}, line)
	return nil
}

// send carries a line, now or later, or loses it.
func (n *Network) send(l link, line []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if isClient(l.src) || isClient(l.dest) {
		n.deliver(l.dest, line)
		return
	}
	rng := n.rng(l)
	lost, delay := rng.Float64() < n.faults.Loss, rng.ExpFloat64()*float64(n.faults.Delay)
	if lost {
		n.stats.Lost++
		return
	}
	if delay < float64(time.Millisecond) {
		n.arrive(l, line)
		return
	}
	time.AfterFunc(time.Duration(delay), func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.arrive(l, line)
	})
}

// arrive is the end of a message's way. Cuts count here, as Maelstrom's do.
func (n *Network) arrive(l link, line []byte) {
	if n.cut[l] {
		n.stats.Cut++
		return
	}
	n.stats.Carried++
	n.deliver(l.dest, line)
}

func (n *Network) deliver(dest string, line []byte) {
	h := n.hosts[dest]
	if h == nil {
		return
	}
	select {
	case h.lines <- line:
	default:
	}
}

// rng is the source of a link's faults: its own, so that what others send does not
// change them.
func (n *Network) rng(l link) *rand.Rand {
	if n.rngs[l] == nil {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s>%s", l.src, l.dest)
		n.rngs[l] = rand.New(rand.NewPCG(n.seed, h.Sum64()))
	}
	return n.rngs[l]
}

// isClient tells clients by their names, as Maelstrom does: c1, c2, ...
func isClient(name string) bool { return name[0] == 'c' }
