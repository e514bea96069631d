package protocol

// Send is a message with the group that must hear it, or with the one process
// of it that must. Where a network carries to groups only, the others hear it too.
type Send struct {
	To   Group
	Only Peer // zero: everybody in To
	Msg  Message
}

// Output is what one or several steps of the cores ask for. The node loop
// carries it out and starts the next with a fresh one.
type Output struct {
	Now     []Send     // may leave at once
	Records []Record   // to be appended to the log, in this order
	held    []Send     // may leave once Records, and all that came before them, are durable
	Decided []Decision // newly decided, strictly in instance order
	Fatal   error      // the core must not go on: stop the process, say why
}

// Send lets m leave at once.
func (o *Output) Send(to Group, m Message) { o.Now = append(o.Now, Send{To: to, Msg: m}) }

// SendTo lets m leave at once, for one process.
func (o *Output) SendTo(p Peer, m Message) {
	o.Now = append(o.Now, Send{To: GroupOf(p.Role), Only: p, Msg: m})
}

// Persist adds records, and messages that may leave only after these records
// and all earlier ones are durable (rule 1). Without records it makes a
// message wait for what is already on its way to the disk.
func (o *Output) Persist(records []Record, then ...Send) {
	o.Records = append(o.Records, records...)
	o.held = append(o.held, then...)
}

// PersistOne is Persist for one record, which may be nil, and one message.
func (o *Output) PersistOne(rec Record, to Group, m Message) {
	if rec != nil {
		o.Records = append(o.Records, rec)
	}
	o.held = append(o.held, Send{To: to, Msg: m})
}

// LastHeld returns the message that was held back last, nil if there is none:
// an acceptor extends its last Accepted instead of sending another.
func (o *Output) LastHeld() Message {
	if len(o.held) == 0 {
		return nil
	}
	return o.held[len(o.held)-1].Msg
}

// Fail stops the process for a reason; the first one is kept.
func (o *Output) Fail(err error) {
	if o.Fatal == nil {
		o.Fatal = err
	}
}

// TakeHeld takes the held messages out, to travel with their records.
func (o *Output) TakeHeld() Held {
	h := Held{sends: o.held}
	o.held = nil
	return h
}

// Held are messages that wait for the disk.
type Held struct{ sends []Send }

// Empty reports whether nothing waits.
func (h Held) Empty() bool { return len(h.sends) == 0 }

// Len is how many messages wait.
func (h Held) Len() int { return len(h.sends) }

// Join adds what waits in g behind what waits in h.
func (h *Held) Join(g Held) { h.sends = append(h.sends, g.sends...) }

// Release hands the messages out. Only the node loop calls it, and only after
// it was told that their records are durable (rule 1).
func (h *Held) Release() []Send {
	sends := h.sends
	h.sends = nil
	return sends
}
