package protocol

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// SessionID names a client session. The list numbers them as it opens them, so
// an id is never used again, even when a session's Open arrives twice. 0 means "none".
type SessionID uint64

// Seq numbers the commands of one session from 1 without gaps.
type Seq uint64

// Nonce is what a client draws at random to recognise the session it opened.
type Nonce [16]byte

func (n Nonce) String() string { return fmt.Sprintf("%x", n[:]) }

// Run is a run of consecutive commands of one session, First to Last. Block
// holds Count payloads, each a uvarint length followed by its bytes. The same
// block form is used in Submit, in a Value, and in the list's chunks, so that
// commands are copied whole and never parsed one by one on the way.
type Run struct {
	Session SessionID
	First   Seq
	Count   int
	Block   []byte
}

// Last is the seq of the run's last command.
func (r Run) Last() Seq { return r.First + Seq(r.Count) - 1 }

// Check walks the block: exactly Count payloads of at most MaxPayload bytes,
// and seqs that neither start at 0 nor wrap.
func (r Run) Check() error {
	if r.Session == 0 || r.First == 0 || r.Count < 1 {
		return fmt.Errorf("run of %d commands from seq %d of session %d", r.Count, r.First, r.Session)
	}
	if r.Last() < r.First {
		return fmt.Errorf("run of %d commands from seq %d wraps", r.Count, r.First)
	}
	rest, err := SkipPayloads(r.Block, r.Count)
	if err != nil {
		return err
	}
	if len(rest) != 0 {
		return fmt.Errorf("run of %d commands has %d bytes too many", r.Count, len(rest))
	}
	return nil
}

// Drop returns r without its first n commands; n must be less than r.Count and
// r must have passed Check.
func (r Run) Drop(n int) Run {
	rest, err := SkipPayloads(r.Block, n)
	if err != nil || n >= r.Count {
		panic(fmt.Sprintf("protocol: drop %d of a run of %d: %v", n, r.Count, err))
	}
	return Run{Session: r.Session, First: r.First + Seq(n), Count: r.Count - n, Block: rest}
}

// Take returns the first n commands of r; 0 < n <= r.Count, r must have passed Check.
func (r Run) Take(n int) Run {
	rest, err := SkipPayloads(r.Block, n)
	if err != nil || n < 1 || n > r.Count {
		panic(fmt.Sprintf("protocol: take %d of a run of %d: %v", n, r.Count, err))
	}
	return Run{Session: r.Session, First: r.First, Count: n, Block: r.Block[:len(r.Block)-len(rest)]}
}

// AppendPayload appends one payload to a block.
func AppendPayload(block, payload []byte) []byte {
	block = binary.AppendUvarint(block, uint64(len(payload)))
	return append(block, payload...)
}

// PayloadSize is the number of block bytes that a payload of n bytes takes.
func PayloadSize(n int) int { return uvarintLen(uint64(n)) + n }

var errBlock = errors.New("payload longer than its block or the limit")

// NextPayload splits the first payload off a block.
func NextPayload(block []byte) (payload, rest []byte, err error) {
	if len(block) > 0 && block[0] < 0x80 { // one-byte length: nearly always
		if end := int(block[0]) + 1; end <= len(block) {
			return block[1:end], block[end:], nil
		}
		return nil, nil, errBlock
	}
	n, w := binary.Uvarint(block)
	if w <= 0 || n > MaxPayload || n > uint64(len(block)-w) || w != uvarintLen(n) {
		return nil, nil, errBlock
	}
	return block[w : w+int(n)], block[w+int(n):], nil
}

// SkipPayloads returns what follows the first n payloads of a block.
func SkipPayloads(block []byte, n int) (rest []byte, err error) {
	for ; n > 0; n-- {
		if _, block, err = NextPayload(block); err != nil {
			return nil, err
		}
	}
	return block, nil
}

// Value is what one instance decides: a row of commands in their encoding, at
// most MaxValue bytes. The empty Value is the no-op.
type Value []byte

// The kinds of items in a value.
const (
	kindRun    = 1
	kindOpen   = 2
	kindChange = 3
	kindSettle = 4
)

// ItemOverhead bounds the bytes that AppendRun adds around a run's block.
const ItemOverhead = 1 + 2*binary.MaxVarintLen64 + 2*binary.MaxVarintLen32

// AppendRun adds a run of commands to v.
func (v Value) AppendRun(r Run) Value {
	return appendRun(append(v, kindRun), r)
}

// AppendOpen adds the command that opens a session.
func (v Value) AppendOpen(n Nonce) Value {
	v = append(v, kindOpen)
	return append(v, n[:]...)
}

// Item is one command or one run of commands in a value.
type Item struct {
	Open   bool // Nonce holds, and Run does not
	Nonce  Nonce
	Run    Run
	Change *Change // if not nil, it holds, and nothing else does
}

// Next splits the first item off a non-empty value. Runs and changes are checked
// in full.
func (v Value) Next() (Item, Value, error) {
	r := reader{rest: v}
	switch kind := r.u8(); {
	case r.failed:
	case kind == kindOpen:
		n := r.nonce()
		if !r.failed {
			return Item{Open: true, Nonce: n}, r.rest, nil
		}
	case kind == kindRun:
		run := r.run()
		if r.failed {
			break
		}
		if err := run.Check(); err != nil {
			return Item{}, nil, err
		}
		return Item{Run: run}, r.rest, nil
	case kind == kindChange || kind == kindSettle:
		return r.changeItem(kind)
	default:
		return Item{}, nil, fmt.Errorf("value has an item of unknown kind %d", kind)
	}
	return Item{}, nil, errors.New("value is cut short")
}

// changeItem splits off an item that concerns the membership; there are few.
func (r *reader) changeItem(kind uint8) (Item, Value, error) {
	c := &Change{Settle: true}
	if kind == kindSettle {
		c.Epoch = r.u64()
	} else {
		c = r.change()
	}
	if r.failed {
		return Item{}, nil, errors.New("value is cut short")
	}
	if err := c.Check(); err != nil {
		return Item{}, nil, err
	}
	return Item{Change: c}, r.rest, nil
}

// Check reports the first thing wrong with v, if any.
func (v Value) Check() error {
	if len(v) > MaxValue {
		return fmt.Errorf("value of %d bytes is over the limit of %d", len(v), MaxValue)
	}
	for rest := v; len(rest) > 0; {
		var err error
		if _, rest, err = rest.Next(); err != nil {
			return err
		}
	}
	return nil
}
