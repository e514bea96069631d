package peer

import (
	"context"
	"fmt"
	"slices"

	"paxos/bench/replica"
)

// open starts a driver.
type open func(ctx context.Context, s replica.Spec) (replica.Driver, error)

var drivers = map[string]open{
	RaftWAL:       openRaftWAL,
	RaftBolt:      openRaftBolt,
	Dragonboat:    openDragonboat,
	DragonboatTan: openDragonboatTan,
	Etcd:          openEtcd,
	EtcdClient:    openEtcdClient,
	RolesClient:   openRolesClient,
	ListClient:    openListClient,
}

// The names of the drivers.
const (
	RaftWAL       = "raft-wal"
	RaftBolt      = "raft-boltdb"
	Dragonboat    = "dragonboat"
	DragonboatTan = "dragonboat-tan"
	Etcd          = "etcd"
	EtcdClient    = "etcd-client"
	RolesClient   = "roles-client"
	ListClient    = "list-client"
)

// Open starts the driver that a spec names.
func Open(ctx context.Context, s replica.Spec) (replica.Driver, error) {
	start, ok := drivers[s.System]
	if !ok {
		return nil, fmt.Errorf("no driver is called %q", s.System)
	}
	d, err := start(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("start %s %d in %s: %w", s.System, s.ID, s.Dir, err)
	}
	return d, nil
}

// Known reports whether there is such a driver.
func Known(name string) bool { return slices.Contains(Names(), name) }

// Names are the names of all drivers.
func Names() []string {
	var names []string
	for name := range drivers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
