package client

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"paxos/protocol"
)

const ms = protocol.Time(time.Millisecond)

func at(n float64) protocol.Time { return protocol.Time(n * float64(ms)) }

// open is a client whose session 7 is open at time 1 ms.
func open(t testing.TB, cfg Config) *Client {
	t.Helper()
	cfg.Nonce[0] = 5
	c := New(cfg)
	var out protocol.Output
	c.Flush(at(0), &out)
	if len(out.Now) != 1 || out.Now[0].Msg.Type() != protocol.TypeOpen {
		t.Fatalf("first sent %v", out.Now)
	}
	c.Step(at(1), protocol.Sender{}, &protocol.Opened{Nonce: cfg.Nonce, Session: 7}, &out)
	if !c.Ready() {
		t.Fatal("not ready")
	}
	return c
}

func offer(t testing.TB, c *Client, payloads ...string) {
	t.Helper()
	for _, p := range payloads {
		if !c.Offer([]byte(p)) {
			t.Fatalf("%q was not taken", p)
		}
	}
}

// said tells the Submits of an output as "first-last" each.
func said(out *protocol.Output) (list []string) {
	for _, s := range out.Now {
		if m, ok := s.Msg.(*protocol.Submit); ok {
			list = append(list, fmt.Sprintf("%d-%d", m.Run.First, m.Run.Last()))
		}
	}
	return list
}

func flush(c *Client, now protocol.Time) []string {
	var out protocol.Output
	c.Flush(now, &out)
	return said(&out)
}

func tick(c *Client, now protocol.Time) []string {
	var out protocol.Output
	c.Tick(now, &out)
	return said(&out)
}

func ack(c *Client, now protocol.Time, through protocol.Seq) {
	var out protocol.Output
	c.Step(now, protocol.Sender{}, &protocol.Acks{Acks: []protocol.Ack{{Session: 3, Through: 99}, {Session: 7, Through: through}}}, &out)
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("sent %v, want %v", got, want)
	}
}

func TestOpenIsRepeatedUntilAnswered(t *testing.T) {
	c := New(Config{Nonce: protocol.Nonce{9}})
	now, sent := protocol.Time(0), 0
	for range 20 {
		due, ok := c.Deadline()
		if !ok {
			t.Fatal("nothing is due though the session is not open")
		}
		now = max(now, due)
		var out protocol.Output
		c.Tick(now, &out)
		sent += len(out.Now)
	}
	if sent != 20 || now < at(500) {
		t.Fatalf("%d Opens in %v", sent, time.Duration(now))
	}
	var out protocol.Output
	c.Step(now, protocol.Sender{}, &protocol.Opened{Nonce: protocol.Nonce{8}, Session: 6}, &out)
	if c.Ready() {
		t.Fatal("took somebody else's session")
	}
}

func TestWhatIsOfferedBeforeTheSessionOpensIsSentThen(t *testing.T) {
	c := New(Config{Nonce: protocol.Nonce{9}})
	offer(t, c, "a", "b")
	if got := flush(c, 0); got != nil {
		t.Fatalf("sent %v without a session", got)
	}
	var out protocol.Output
	c.Step(at(1), protocol.Sender{}, &protocol.Opened{Nonce: protocol.Nonce{9}, Session: 6}, &out)
	expect(t, said(&out), "1-2")
}

func TestCommandsOfOneFlushShareDatagrams(t *testing.T) {
	c := open(t, Config{SubmitBytes: 10})
	offer(t, c, "aaaa", "bbbb", "cccc") // 5 bytes each
	expect(t, flush(c, at(1)), "1-2", "3-3")
	expect(t, flush(c, at(1)))
}

func TestLateRunsAreRepeatedAsOne(t *testing.T) {
	c := open(t, Config{SubmitBytes: 10})
	for _, p := range []string{"aaa", "bbb", "ccc"} { // 4 bytes each
		offer(t, c, p)
		flush(c, at(2))
	}
	expect(t, tick(c, at(9)))
	expect(t, tick(c, at(11)), "1-2", "3-3")
	ack(c, at(12), 2)
	expect(t, tick(c, at(13)))
	expect(t, tick(c, at(30)), "3-3")
}

func TestSilenceMakesItAskOneAtATime(t *testing.T) {
	c := open(t, Config{SubmitBytes: 10})
	offer(t, c, "aaaaaaaa", "bbbbbbbb", "cccccccc")
	flush(c, at(2))
	var rounds []int
	now := at(2)
	for range 5 {
		now += 20 * ms
		rounds = append(rounds, len(tick(c, now)))
	}
	if !slices.Equal(rounds, []int{3, 3, 1, 1, 1}) {
		t.Fatalf("repeated %v datagrams", rounds)
	}
	ack(c, now, 1)
	expect(t, tick(c, now), "2-2", "3-3") // somebody answers again: the rest at once
}

// A burst, a breath, the next burst: whatever is late is repeated within one
// time-out, though the client flushes with every turn of its loop.
func TestAllThatIsLateIsRepeatedBurstByBurst(t *testing.T) {
	c := open(t, Config{SubmitBytes: 10})
	for range 10 {
		offer(t, c, "aaaaaaaa")
	}
	flush(c, at(2))
	turn := func(now protocol.Time) []string {
		sent := tick(c, now)
		due, _ := c.Deadline()
		expect(t, flush(c, now))
		if again, _ := c.Deadline(); again != due {
			t.Fatalf("a Flush that sent nothing moved the deadline from %v to %v", due, again)
		}
		return sent
	}
	expect(t, turn(at(11)), "1-1", "2-2", "3-3", "4-4")
	expect(t, turn(at(11.5)))
	expect(t, turn(at(12)), "5-5", "6-6", "7-7", "8-8")
	ack(c, at(12), 5)
	expect(t, turn(at(13)), "9-9", "10-10")
	expect(t, turn(at(14)))
	if got, want := c.Repeated(), uint64(10); got != want {
		t.Fatalf("repeated %d, want %d", got, want)
	}
	due, _ := c.Deadline()
	expect(t, turn(due), "6-6", "7-7", "8-8")
}

// An ack in the middle of a repetition does not hold up the rest of it.
func TestAnAckDoesNotHoldUpARepetition(t *testing.T) {
	c := open(t, Config{SubmitBytes: 10})
	for range 6 {
		offer(t, c, "aaaaaaaa")
	}
	flush(c, at(2))
	expect(t, tick(c, at(11)), "1-1", "2-2", "3-3", "4-4")
	ack(c, at(11.5), 2)
	expect(t, tick(c, at(12)), "5-5", "6-6")
	ack(c, at(13), 6)
	if due, ok := c.Deadline(); ok {
		t.Fatalf("all is acknowledged, and something due at %v", due)
	}
}

// What is answered during a breath is not repeated, nor taken for silence.
func TestARepetitionThatIsAnsweredEnds(t *testing.T) {
	c := open(t, Config{SubmitBytes: 10})
	for range 6 {
		offer(t, c, "aaaaaaaa")
	}
	flush(c, at(2))
	expect(t, tick(c, at(11)), "1-1", "2-2", "3-3", "4-4")
	offer(t, c, "aaaaaaaa", "bbbbbbbb")
	expect(t, flush(c, at(11.2)), "7-7", "8-8")
	ack(c, at(11.5), 6)
	expect(t, tick(c, at(12)))
	if due, _ := c.Deadline(); c.tries != 0 || due < at(19.2) {
		t.Fatalf("%d time-outs counted, the next one at %v", c.tries, time.Duration(due))
	}
}

func TestRepetitionBacksOff(t *testing.T) {
	c := open(t, Config{})
	offer(t, c, "a")
	flush(c, at(1))
	var last time.Duration
	now := at(1)
	for range 30 {
		due, ok := c.Deadline()
		if !ok {
			t.Fatal("a command without an answer, and nothing due")
		}
		last = due.Sub(now)
		now = due
		expect(t, tick(c, now), "1-1")
	}
	if last < 160*time.Millisecond || last > 190*time.Millisecond {
		t.Fatalf("waits %v in the end", last)
	}
	ack(c, now, 1)
	if _, ok := c.Deadline(); ok {
		t.Fatal("all is acknowledged, and something due")
	}
}

func TestWindowBoundsWhatIsOffered(t *testing.T) {
	c := open(t, Config{Window: 3})
	offer(t, c, "a", "b", "c")
	if c.Offer([]byte("d")) {
		t.Fatal("took a fourth")
	}
	flush(c, at(1))
	ack(c, at(2), 2)
	offer(t, c, "d", "e")
	if c.Offer([]byte("f")) || c.Outstanding() != 3 || c.Acked() != 2 {
		t.Fatalf("outstanding %d, acked %d", c.Outstanding(), c.Acked())
	}
}

func TestAcksOfWhatWasNotSentAreIgnored(t *testing.T) {
	c := open(t, Config{})
	offer(t, c, "a")
	flush(c, at(1))
	offer(t, c, "b")
	ack(c, at(2), 2)
	if c.Acked() != 0 {
		t.Fatal("believed an ack of a command that was never sent")
	}
}

func TestExpiredSessionEndsTheClient(t *testing.T) {
	c := open(t, Config{})
	offer(t, c, "a", "b")
	flush(c, at(1))
	ack(c, at(2), 1)
	var out protocol.Output
	c.Step(at(3), protocol.Sender{}, &protocol.Expired{Session: 8}, &out)
	if c.Err() != nil {
		t.Fatal("ended by somebody else's session")
	}
	c.Step(at(3), protocol.Sender{}, &protocol.Expired{Session: 7}, &out)
	if !errors.Is(c.Err(), ErrExpired) || c.Ready() || c.Offer([]byte("c")) || c.Acked() != 1 {
		t.Fatalf("err %v, ready %v, acked %d", c.Err(), c.Ready(), c.Acked())
	}
	if _, ok := c.Deadline(); ok || len(tick(c, at(999)))+len(flush(c, at(999))) > 0 {
		t.Fatal("goes on after its end")
	}
}

func TestTooLongPayloads(t *testing.T) {
	c := open(t, Config{SubmitBytes: 300})
	if got := c.Limit(); got != 298 {
		t.Fatalf("limit %d", got)
	}
	if err := c.Fits(298); err != nil {
		t.Fatal(err)
	}
	if err := c.Fits(299); !errors.Is(err, ErrTooLong) {
		t.Fatalf("got %v", err)
	}
	offer(t, c, string(make([]byte, 298)))
	defer func() {
		if recover() == nil {
			t.Fatal("took a payload that is too long")
		}
	}()
	c.Offer(make([]byte, 299))
}

// TestEveryCommandArrivesOnceWhateverTheNetworkDoes: against a dumb server that
// applies seq == last+1, over a network that loses, repeats and reorders.
func TestEveryCommandArrivesOnceWhateverTheNetworkDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := Config{
			SubmitBytes: rapid.IntRange(8, 80).Draw(rt, "submit bytes"),
			Window:      rapid.IntRange(1, 40).Draw(rt, "window"),
			Seed:        rapid.Uint64().Draw(rt, "seed"),
		}
		cfg.WindowBytes = rapid.IntRange(1, 300).Draw(rt, "window bytes")
		w := &wire{c: open(t, cfg), rng: rand.New(rand.NewPCG(cfg.Seed, 1)), loss: rapid.Float64Range(0, 0.6).Draw(rt, "loss")}
		w.total = rapid.IntRange(1, 120).Draw(rt, "commands")
		w.run(rt)
	})
}

// wire is the network and the server of the property test.
type wire struct {
	c        *Client
	rng      *rand.Rand
	loss     float64
	now      protocol.Time
	total    int
	offered  int
	applied  []string
	inFlight [][]byte // Submits on their way, encoded
}

func (w *wire) run(t *rapid.T) {
	w.now = at(1)
	for range 200_000 {
		if int(w.c.Acked()) == w.total {
			w.check(t)
			return
		}
		var out protocol.Output
		for w.offered < w.total && w.rng.IntN(4) > 0 && w.c.Offer(w.payload(w.offered)) {
			w.offered++
		}
		w.c.Flush(w.now, &out)
		w.now += protocol.Time(w.rng.Int64N(int64(3 * ms)))
		w.c.Tick(w.now, &out)
		w.carry(&out)
		w.deliver(t)
	}
	t.Fatalf("%d of %d acknowledged after %v", w.c.Acked(), w.total, time.Duration(w.now))
}

func (w *wire) payload(i int) []byte {
	p := fmt.Appendf(nil, "%d", i)
	return p[:min(len(p), w.c.Limit())]
}

func (w *wire) carry(out *protocol.Output) {
	for _, s := range out.Now {
		for w.rng.Float64() >= w.loss {
			w.inFlight = append(w.inFlight, protocol.AppendMessage(nil, 1, protocol.Sender{Peer: protocol.Peer{Role: protocol.RoleClient, ID: 1}}, s.Msg))
			if w.rng.IntN(3) > 0 {
				break
			}
		}
	}
}

func (w *wire) deliver(t *rapid.T) {
	w.rng.Shuffle(len(w.inFlight), func(i, j int) { w.inFlight[i], w.inFlight[j] = w.inFlight[j], w.inFlight[i] })
	keep := w.rng.IntN(len(w.inFlight) + 1)
	for _, data := range w.inFlight[keep:] {
		_, m, err := protocol.DecodeMessage(1, data)
		if err != nil {
			t.Fatalf("a Submit that cannot be decoded: %v", err)
		}
		if s, ok := m.(*protocol.Submit); ok {
			w.apply(s.Run)
			if w.rng.Float64() >= w.loss {
				ack(w.c, w.now, protocol.Seq(len(w.applied)))
			}
		}
	}
	w.inFlight = w.inFlight[:keep]
}

func (w *wire) apply(r protocol.Run) {
	for seq, block := r.First, r.Block; seq <= r.Last(); seq++ {
		payload, rest, _ := protocol.NextPayload(block)
		block = rest
		if int(seq) == len(w.applied)+1 {
			w.applied = append(w.applied, string(payload))
		}
	}
}

func (w *wire) check(t *rapid.T) {
	if len(w.applied) != w.total {
		t.Fatalf("%d applied, %d acknowledged", len(w.applied), w.total)
	}
	for i, got := range w.applied {
		if want := string(w.payload(i)); got != want {
			t.Fatalf("command %d arrived as %q, want %q", i+1, got, want)
		}
	}
}

// round lets a full window of commands go there and back.
func round(c *Client, payload []byte, now protocol.Time, out *protocol.Output, acks *protocol.Acks) protocol.Time {
	for c.Offer(payload) {
	}
	out.Now = out.Now[:0]
	c.Flush(now, out)
	acks.Acks[0].Through += protocol.Seq(c.Outstanding())
	c.Step(now+ms, protocol.Sender{}, acks, out)
	return now + 2*ms
}

func TestCommandsAllocateNothing(t *testing.T) {
	c := open(t, Config{})
	payload := make([]byte, 64)
	acks := &protocol.Acks{Acks: []protocol.Ack{{Session: 7}}}
	var out protocol.Output
	now := at(1)
	if n := testing.AllocsPerRun(50, func() { now = round(c, payload, now, &out, acks) }); n > 0 {
		t.Fatalf("%v allocations for a window of commands", n)
	}
	if c.Acked() < 50*1024 {
		t.Fatalf("only %d commands went through", c.Acked())
	}
}

func BenchmarkWindowOf1024(b *testing.B) {
	c := open(b, Config{})
	payload := make([]byte, 64)
	acks := &protocol.Acks{Acks: []protocol.Ack{{Session: 7}}}
	var out protocol.Output
	now := at(1)
	b.ReportAllocs()
	for b.Loop() {
		now = round(c, payload, now, &out, acks)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/command")
}
