package node

import (
	"fmt"
	"net"
	"net/netip"

	"paxos/protocol"
	"paxos/storage"
)

// checkPlace refuses a store in the place of another member: its folder was copied, or
// swapped with that one's. Two processes would then speak as one acceptor, and the
// others could not tell, for the store is the one that they know (rule 10).
//
// The list in the store says which address its member has; that never changes. An
// address that is nobody's there may be another spelling of the right one, so it is
// only told.
func (r *runner) checkPlace() error {
	if r.Address == "" {
		return nil
	}
	members := r.machine.List.Members()
	own, other := placeAmong(told(&members), r.Self.ID, r.Address)
	switch {
	case other.ID != 0:
		return fmt.Errorf("%w: the store in %s is that of member %s, at %s, but it is started at %s, the place of member %s: name the folder of that member, or start this one in its own place",
			storage.ErrForeign, r.DataDir, r.Self.ID, own, r.Address, other.ID)
	case own != "":
		r.Log.Warn("started at another address than the one that the others know; they reach this member only if both lead here",
			"known", own, "started_at", r.Address)
	}
	return nil
}

// placeAmong returns the known address of member self, if another one is given, and the
// member whose address that is. One that is not in the list yet may have the place of a
// former member: the list may be old.
func placeAmong(members []Member, self protocol.NodeID, address string) (own string, other Member) {
	for _, m := range members {
		switch {
		case m.ID == self && (m.Address == "" || samePlace(m.Address, address)):
			return "", Member{}
		case m.ID == self:
			own = m.Address
		case samePlace(m.Address, address):
			other = m
		}
	}
	if own == "" {
		return "", Member{}
	}
	return own, other
}

// samePlace reports whether two addresses are one, as far as can be said without asking
// for names.
func samePlace(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil {
		return a == b
	}
	return portA == portB && (hostA == hostB || sameHost(hostA, hostB))
}

func sameHost(a, b string) bool {
	ipA, errA := netip.ParseAddr(a)
	ipB, errB := netip.ParseAddr(b)
	switch {
	case errA == nil && errB == nil:
		return ipA.Unmap() == ipB.Unmap()
	case errA == nil:
		return b == "localhost" && ipA.IsLoopback()
	}
	return errB == nil && a == "localhost" && ipB.IsLoopback()
}
