package multicast

import (
	"fmt"
	"net"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"paxos/protocol"
)

// Multicast brings a sender's own datagrams back to it if it listens to the
// group. To wake up for each, copy it and throw it away is a good part of a busy
// sender's work, so the kernel is asked to drop them.
//
// What comes from our own port is ours if it never left this host: no other
// socket here sends from that port. Addresses would not do to tell: on lo the
// source is any address of this host or 0.0.0.0, and they change while we run.

const (
	sourcePort     = 0       // where a UDP socket's filter finds it: at the UDP header's start
	packetLoopback = 5       // PACKET_LOOPBACK: this host's own multicast, looped back
	wholeDatagram  = 1 << 18 // so many bytes of it are kept: all
)

// dropEcho makes fd deaf to what port of this host sends through the interface.
func dropEcho(fd int, ifi *net.Interface, port int) error {
	program, err := bpf.Assemble(echoFilter(ifi.Flags&net.FlagLoopback != 0, port))
	if err != nil {
		return fmt.Errorf("multicast: assembling the filter of own datagrams: %w", err)
	}
	code := make([]unix.SockFilter, len(program))
	for i, in := range program {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	filter := &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, filter); err != nil {
		return fmt.Errorf("multicast: filtering own datagrams: %w", err)
	}
	return nil
}

// echoFilter keeps everything but what port of this host sent. On lo that is all
// that comes from the port. Elsewhere another host may use the same port; its
// datagrams are told by their packet type, which lo does not set.
func echoFilter(loopback bool, port int) []bpf.Instruction {
	load := bpf.LoadAbsolute{Off: sourcePort, Size: 2}
	drop, keep := bpf.RetConstant{Val: 0}, bpf.RetConstant{Val: wholeDatagram}
	if loopback {
		return []bpf.Instruction{
			load,
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(port), SkipTrue: 1}, // to keep
			drop,
			keep,
		}
	}
	return []bpf.Instruction{
		load,
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(port), SkipTrue: 3}, // to keep
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: packetLoopback, SkipTrue: 1}, // to keep
		drop,
		keep,
	}
}

// The kernel counts what the filter drops together with what finds the receive
// buffer full. So we count what we send to each group, and take that off.

// expectEcho counts a datagram about to be sent: early rather than late, so that
// no echo is ever taken for an overflow.
func (t *Transport) expectEcho(group protocol.Group) { t.echoes[group].Add(1) }

// cancelEcho takes back one that was not sent after all.
func (t *Transport) cancelEcho(to net.Addr) {
	for g := range t.addrs {
		if t.addrs[g] == to {
			t.echoes[g].Add(^uint64(0))
		}
	}
}

// overflows returns how many datagrams of others were lost to a full receive
// buffer. It never goes back; an echo still on its way may hide one for a moment,
// one that the network lost for good. Called with closing held.
func (t *Transport) overflows() uint64 {
	total := uint64(0)
	for i, fd := range t.sockets {
		group := t.groups[i]
		drops := dropped(fd) // before echoes: what is sent in between must not seem lost
		t.overflowed[group] = overflowsNow(t.overflowed[group], drops, t.echoes[group].Load())
		total += t.overflowed[group]
	}
	return total
}

// overflowsNow brings up to date how many overflows were seen. The kernel counts
// drops in 32 bits only, so it is their distance from before that tells.
func overflowsNow(seen uint64, drops uint32, echoes uint64) uint64 {
	more := int32(drops - uint32(echoes) - uint32(seen))
	return seen + uint64(max(0, more))
}
