package sim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"

	"paxos/protocol"
)

// ledger is the state machine of a host: so simple that its whole state follows from
// how many commands it has applied, and which, in one number. What it writes down of
// itself is as long as a real state, and no part of it fits another state. So every
// image can be compared with what the judge knows was decided.
type ledger struct {
	f     *follower
	count uint64
	sum   uint64
}

// applyRow is how many commands are applied in one event, about.
const applyRow = 200

// Apply implements engine.Machine.
func (l *ledger) Apply(command []byte) any {
	if l.count%applyRow == applyRow-1 {
		l.f.pause()
	}
	l.count, l.sum = l.count+1, addSum(l.sum, command)
	return nil
}

// addSum is the sum after one more command.
func addSum(sum uint64, command []byte) uint64 {
	sum = (sum ^ uint64(crc32.Checksum(command, protocol.Castagnoli))) * 0x9e3779b97f4a7c15
	return sum ^ sum>>29
}

// Snapshot implements engine.Machine: in several writes, between which other things
// happen.
func (l *ledger) Snapshot(w io.Writer) error {
	state := l.f.h.w.plan.images.stateOf(l.count, l.sum)
	for size := max(l.f.h.w.plan.images.piece, len(state)/8); len(state) > 0; {
		l.f.pause()
		n, err := w.Write(state[:min(size, len(state))])
		if err != nil {
			return err
		}
		state = state[n:]
	}
	l.f.pause()
	return nil
}

// Restore implements engine.Machine. The judge looks at what was read.
func (l *ledger) Restore(r io.Reader) error {
	l.f.restores()
	state, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l.count, l.sum = l.f.h.w.judge.restoresMachine(l.f.h, state)
	return nil
}

// stateHead is the least length of a state: the count and the sum.
const stateHead = 16

// stateOf is what a machine writes down that has applied so many commands, with such a
// sum: both, and more or less bytes that follow from them.
func (p *imagePlan) stateOf(count, sum uint64) []byte {
	state := make([]byte, stateHead+p.state/2+int(sum%uint64(p.state+1)))
	binary.BigEndian.PutUint64(state, count)
	binary.BigEndian.PutUint64(state[8:], sum)
	r := rand.NewPCG(count, sum)
	rest := state[stateHead:]
	for ; len(rest) >= 8; rest = rest[8:] {
		binary.BigEndian.PutUint64(rest, r.Uint64())
	}
	return state
}

// check says what is wrong with a state, and what it holds.
func (p *imagePlan) check(state []byte) (count, sum uint64, err error) {
	if len(state) < stateHead {
		return 0, 0, fmt.Errorf("a state of %d bytes", len(state))
	}
	count, sum = binary.BigEndian.Uint64(state), binary.BigEndian.Uint64(state[8:])
	if want := p.stateOf(count, sum); !bytes.Equal(state, want) {
		return count, sum, fmt.Errorf("a state of %d bytes is not the one of %d bytes that it begins as", len(state), len(want))
	}
	return count, sum, nil
}
