package torture

import (
	"maps"
	"slices"
	"sync"

	"paxos/internal/servers"
)

// links are the connections among the members, in a network of their own. Several
// nemeses may cut them at a time: whom any of them silences is not heard.
type links struct {
	network *servers.Network
	count   int // of members; member i is number i+1 in the network
	// lossy are those whose packets get lost, in the network's numbers: the members, and for
	// roles the clients, whose datagrams nobody but themselves repeats.
	lossy []int

	mu       sync.Mutex
	grudges  map[string]grudge // of each nemesis
	inEffect [][]int
}

func newLinks(network *servers.Network, count int, clients bool) *links {
	l := &links{network: network, count: count, grudges: make(map[string]grudge), inEffect: make([][]int, count)}
	for i := range count {
		l.lossy = append(l.lossy, i+1)
	}
	if clients {
		l.lossy = append(l.lossy, 0)
	}
	return l
}

// cut lets a nemesis part the members; nil ends that.
func (l *links) cut(by string, g grudge) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grudges[by] = g
	for i := range l.count {
		deaf := deafTo(l.grudges, i)
		if slices.Equal(deaf, l.inEffect[i]) {
			continue
		}
		if err := l.network.Deafen(i+1, deaf...); err != nil {
			return err
		}
		l.inEffect[i] = deaf
	}
	return nil
}

// deafTo joins what all grudges say of member i, in the network's numbers.
func deafTo(all map[string]grudge, i int) []int {
	to := make(map[int]bool)
	for _, g := range all {
		if g == nil {
			continue
		}
		for _, j := range g[i] {
			to[j+1] = true
		}
	}
	return slices.Sorted(maps.Keys(to))
}

// lose makes all links lose packets; 0 ends that.
func (l *links) lose(percent int) error {
	for _, i := range l.lossy {
		others := slices.DeleteFunc(slices.Clone(l.lossy), func(j int) bool { return j == i })
		if err := l.network.Lose(i, percent, others...); err != nil {
			return err
		}
	}
	return nil
}
