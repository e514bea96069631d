package multicast

import (
	"errors"
	"net"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"paxos/transport"
)

const (
	// sendDatagrams is how many datagrams one sendmmsg takes at most.
	sendDatagrams = 64
	// sendPatience is how long one Send waits for room in the send buffer; what
	// finds none by then is lost.
	sendPatience = 5 * time.Millisecond
)

func (t *Transport) openSend(o Options) (err error) {
	t.udp, t.conn, err = sendSocket(t.ifi, o.TTL, o.SendBuffer)
	if err != nil {
		return err
	}
	for g, addr := range o.Groups {
		t.addrs[g] = net.UDPAddrFromAddrPort(addr)
	}
	t.batch = make([]ipv4.Message, sendDatagrams)
	for i := range t.batch {
		t.batch[i].Buffers = make([][]byte, 1)
	}
	return nil
}

// Send implements transport.Transport. It panics on a group that does not exist.
func (t *Transport) Send(out []transport.Datagram) {
	t.sending.Lock()
	defer t.sending.Unlock()
	for len(out) > 0 {
		n := min(len(out), sendDatagrams)
		t.sendBatch(out[:n])
		out = out[n:]
	}
}

// sendBatch sends up to sendDatagrams. Where the kernel refuses one, that one is
// counted as lost and the batch goes on behind it.
func (t *Transport) sendBatch(out []transport.Datagram) {
	messages := t.fill(out)
	patient := true
	for len(messages) > 0 {
		n, err := t.conn.WriteBatch(messages, unix.MSG_DONTWAIT)
		if n > 0 {
			t.counters.Sent(n, payloadBytes(messages[:n]))
			messages = messages[n:]
			continue
		}
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.EAGAIN) && patient {
			patient = false
			n = t.sendWaiting(messages[:1], err)
		} else {
			n = t.lose(messages, err)
		}
		messages = messages[n:]
	}
	t.release(len(out))
}

// fill prepares the messages for out.
func (t *Transport) fill(out []transport.Datagram) []ipv4.Message {
	for i, d := range out {
		t.batch[i].Buffers[0] = d.Data
		t.batch[i].Addr = t.addrs[d.Group]
		t.expectEcho(d.Group)
	}
	return t.batch[:len(out)]
}

// release lets go of the callers' data.
func (t *Transport) release(n int) {
	for i := range t.batch[:n] {
		t.batch[i].Buffers[0] = nil
	}
}

// sendWaiting sends one message that found the send buffer full, and gives it
// sendPatience to find room. It returns how many messages are done with: one.
func (t *Transport) sendWaiting(message []ipv4.Message, full error) int {
	if err := t.udp.SetWriteDeadline(time.Now().Add(sendPatience)); err != nil {
		return t.lose(message, err)
	}
	defer t.udp.SetWriteDeadline(time.Time{}) // fails only once closed
	if n, err := t.conn.WriteBatch(message, 0); n != 1 {
		return t.lose(message, errors.Join(full, err))
	}
	t.counters.Sent(1, payloadBytes(message))
	return 1
}

// lose counts what err says is lost and returns how many messages that is: one
// that was refused, or all that wait behind a send buffer that stays full.
func (t *Transport) lose(messages []ipv4.Message, err error) int {
	n := 1
	if errors.Is(err, unix.EAGAIN) {
		n = len(messages)
	}
	for _, m := range messages[:n] {
		t.cancelEcho(m.Addr)
	}
	t.counters.SendFailed(n, err)
	return n
}

func payloadBytes(messages []ipv4.Message) int {
	total := 0
	for i := range messages {
		total += len(messages[i].Buffers[0])
	}
	return total
}
