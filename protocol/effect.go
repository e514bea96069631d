package protocol

// Effects is what applying one decided value did, as far as clients must hear
// of it and a leader's cursors depend on it.
type Effects struct {
	Opened   []Opened    // sessions that were opened (or opened again by the same nonce)
	Advanced []Ack       // sessions whose last applied seq is now Through
	Skipped  []Ack       // sessions with commands out of turn; Through is still the last applied seq
	Expired  []SessionID // sessions that commands came for, but that are not known
	Members  bool        // the membership is another one now
}

// Reset empties e for the next value.
func (e *Effects) Reset() {
	e.Opened, e.Advanced, e.Skipped, e.Expired = e.Opened[:0], e.Advanced[:0], e.Skipped[:0], e.Expired[:0]
	e.Members = false
}
