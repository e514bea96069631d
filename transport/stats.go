package transport

import "sync/atomic"

// Stats counts what went through a transport since it was opened. Bytes are
// payload bytes.
type Stats struct {
	SentDatagrams     uint64
	SentBytes         uint64
	SendFailures      uint64 // datagrams that the network refused: loss at the sender
	LastSendError     error  // why the last of them was refused; nil where none was
	ReceivedDatagrams uint64
	ReceivedBytes     uint64
	Oversized         uint64 // datagrams larger than any member may send, dropped
	Overflowed        uint64 // datagrams lost because our receive buffer was full
	ReceiveErrors     uint64 // passing errors while receiving

	// What a sealed transport refused; see package sealed.
	Unauthentic uint64 // altered, forged, or sealed with another key or not at all
	Stale       uint64 // authentic, but of a time too far from this host's clock
	Replayed    uint64 // authentic, but heard before
	Crowded     uint64 // authentic, but from one sender more than can be remembered
}

// Counters collects Stats; any goroutine may use it. The zero value is ready.
type Counters struct {
	sentDatagrams, sentBytes, sendFailures atomic.Uint64
	receivedDatagrams, receivedBytes       atomic.Uint64
	oversized, overflowed, receiveErrors   atomic.Uint64
	lastSendError                          atomic.Pointer[error]
}

// Sent counts datagrams, of so many bytes together, that the network took.
func (c *Counters) Sent(datagrams, bytes int) {
	c.sentDatagrams.Add(uint64(datagrams))
	c.sentBytes.Add(uint64(bytes))
}

// SendFailed counts datagrams that the network refused with err.
func (c *Counters) SendFailed(datagrams int, err error) {
	c.sendFailures.Add(uint64(datagrams))
	c.lastSendError.Store(&err)
}

// Received counts datagrams, of so many bytes together, that were handed out.
func (c *Counters) Received(datagrams, bytes int) {
	c.receivedDatagrams.Add(uint64(datagrams))
	c.receivedBytes.Add(uint64(bytes))
}

// Oversized counts datagrams dropped because of their size.
func (c *Counters) Oversized(datagrams int) { c.oversized.Add(uint64(datagrams)) }

// Overflowed counts datagrams that found the receive buffer full.
func (c *Counters) Overflowed(datagrams int) { c.overflowed.Add(uint64(datagrams)) }

// ReceiveError counts a passing error while receiving.
func (c *Counters) ReceiveError() { c.receiveErrors.Add(1) }

// Snapshot returns the counts of now. They are read one after another: while
// traffic flows they need not belong to one moment.
func (c *Counters) Snapshot() Stats {
	s := Stats{
		SentDatagrams:     c.sentDatagrams.Load(),
		SentBytes:         c.sentBytes.Load(),
		SendFailures:      c.sendFailures.Load(),
		ReceivedDatagrams: c.receivedDatagrams.Load(),
		ReceivedBytes:     c.receivedBytes.Load(),
		Oversized:         c.oversized.Load(),
		Overflowed:        c.overflowed.Load(),
		ReceiveErrors:     c.receiveErrors.Load(),
	}
	if err := c.lastSendError.Load(); err != nil {
		s.LastSendError = *err
	}
	return s
}
