package linearizable

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// player is a client that asks random servers for random things, over plain HTTP.
type player struct {
	s      *stage
	client *Client
	random *rand.Rand
	mix    mix
	query  string       // of reads
	avoid  [8]time.Time // until when a server is asked less, because it did not answer
	seen   int64        // the longest list
}

// mix says how often each kind of operation is done, out of the sum.
type mix [5]int

var (
	// allKinds are all operations; those that carry the whole list are rarer.
	allKinds = mix{AppendWhole: 5, Append: 40, ReadWhole: 5, ReadLength: 25, ReadEntry: 25}
	// oldClient is that of contract B: it only appends, through the old endpoint.
	oldClient = mix{AppendWhole: 1}
)

func (m mix) draw(r *rand.Rand) Kind {
	sum := 0
	for _, n := range m {
		sum += n
	}
	at := r.IntN(sum)
	for k, n := range m {
		if at -= n; at < 0 {
			return Kind(k)
		}
	}
	panic("a number was drawn beyond the sum")
}

// play lets clients play until stop is called, which waits for them.
func (s *stage) play(count int, m mix) (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var playing sync.WaitGroup
	for i := range count {
		p := &player{s: s, client: s.history.NewClient(), random: s.random(uint64(100 + i)), mix: m}
		playing.Go(func() { p.play(ctx) })
	}
	return func() {
		cancel()
		playing.Wait()
	}
}

func (p *player) play(ctx context.Context) {
	for ctx.Err() == nil {
		server := p.server()
		if p.one(ctx, server, p.mix.draw(p.random), p.patience()) != nil {
			p.avoid[server] = time.Now().Add(300 * time.Millisecond)
		}
		sleep(ctx, time.Duration(p.random.IntN(3000))*time.Microsecond)
	}
}

// server draws one, rarely one that has just not answered: much should happen
// at those that do.
func (p *player) server() int {
	for {
		i := 1 + p.random.IntN(p.s.cluster.Count())
		if time.Now().After(p.avoid[i]) || p.random.IntN(10) == 0 {
			return i
		}
	}
}

// patience is how long the player waits for an answer: mostly so short that it
// plays on while some servers hang, now and then so long that it sees what they say when
// they come back.
func (p *player) patience() time.Duration {
	switch n := p.random.IntN(100); {
	case n == 0:
		return 5 * time.Second
	case n < 10:
		return time.Second
	}
	return 100 * time.Millisecond
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// one does one operation. The error says that it was not answered.
func (p *player) one(ctx context.Context, server int, kind Kind, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var o Op
	if kind.appends() {
		o = p.client.Append(kind, server)
	} else {
		o = p.client.Read(kind, server)
		o.Index = p.random.Int64N(p.seen + 2)
	}
	err := p.ask(ctx, &o)
	switch {
	case err == nil:
		p.client.Done(o)
		p.seen = max(p.seen, o.Length)
	case !kind.appends() || errors.Is(err, errNotDone):
		p.client.Refused(o)
	default:
		p.client.Unknown(o)
	}
	return err
}

// errNotDone is for appends that certainly will not be in the list.
var errNotDone = errors.New("not done")

// ask sends an operation to its server and fills in the answer.
func (p *player) ask(ctx context.Context, o *Op) error {
	request, err := p.request(ctx, o)
	if err != nil {
		return err
	}
	answer, err := p.s.cluster.Client().Do(request)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			return fmt.Errorf("%w: %w", errNotDone, err)
		}
		return err
	}
	defer answer.Body.Close()
	if err := p.read(o, answer); err != nil {
		return fmt.Errorf("%v: %w", o.Kind, err)
	}
	return nil
}

func (p *player) request(ctx context.Context, o *Op) (*http.Request, error) {
	method, path, body := http.MethodGet, "", ""
	switch o.Kind {
	case AppendWhole:
		method, path = http.MethodPost, "/proposer/client-request"
		body = fmt.Sprintf(`{"client_id": %d, "command_id": 1, "payload": %d}`, p.client.ID(), o.Value)
	case Append:
		method, path = http.MethodPost, "/v1/list"
		body = fmt.Sprintf(`{"value": %d}`, o.Value)
	case ReadWhole:
		path = "/v1/list"
	case ReadLength:
		path = "/v1/list/length"
	case ReadEntry:
		path = "/v1/list/" + strconv.FormatInt(o.Index, 10)
	}
	if !o.Kind.appends() {
		path += p.query
	}
	return http.NewRequestWithContext(ctx, method, p.s.cluster.URL(o.Server, path), strings.NewReader(body))
}

// read reads an answer. Where the answer is another than the interface allows, the test fails.
func (p *player) read(o *Op, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK && (o.Kind != ReadEntry || answer.StatusCode != http.StatusNotFound) {
		return p.failure(answer)
	}
	var err error
	switch o.Kind {
	case AppendWhole:
		var sum Sum
		sum, err = readSum(answer.Body, `{"state": [`, "]}\n")
		o.Length, o.Hash = sum.Length, sum.Hash
	case Append:
		var a struct{ Index *int64 }
		if err = json.NewDecoder(answer.Body).Decode(&a); err == nil && a.Index == nil {
			err = errors.New("an answer without an index")
		} else if err == nil {
			o.Length = *a.Index + 1
		}
	default:
		err = readRead(o, answer)
	}
	return err
}

// readRead reads the answer to a read; all say in a header how long the list was.
func readRead(o *Op, answer *http.Response) error {
	length, err := strconv.ParseInt(answer.Header.Get("Paxos-Length"), 10, 64)
	if err != nil {
		return fmt.Errorf("an answer without the list's length: %w", err)
	}
	o.Length = length
	switch o.Kind {
	case ReadWhole:
		sum, err := readSum(answer.Body, `{"from": 0, "values": [`, "]")
		if err == nil && sum.Length != length {
			err = fmt.Errorf("a list of %d entries that should have %d", sum.Length, length)
		}
		o.Hash = sum.Hash
		return err
	case ReadEntry:
		var a struct{ Value *int64 }
		err := json.NewDecoder(answer.Body).Decode(&a)
		if o.Found = answer.StatusCode == http.StatusOK; o.Found && err == nil {
			if a.Value == nil {
				return errors.New("an entry without a value")
			}
			o.Value = *a.Value
		}
		return err
	}
	return nil
}

// failure is what a server says that did not do what it was asked for.
func (p *player) failure(answer *http.Response) error {
	var f struct {
		Error struct{ Code, Message, Outcome string }
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 10_000))
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", answer.Status, err)
	case f.Error.Outcome == "not_done":
		return fmt.Errorf("%w: %s: %s", errNotDone, answer.Status, f.Error.Message)
	case f.Error.Outcome != "unknown":
		p.s.t.Errorf("an answer that a new append can't have: %s", text)
	}
	return fmt.Errorf("%s: %s", answer.Status, f.Error.Message)
}

// readSum reads a list of integers between two texts and keeps but its sum.
func readSum(r io.Reader, head, tail string) (Sum, error) {
	in, sum := bufio.NewReaderSize(r, 64<<10), NewSum()
	start := make([]byte, len(head))
	if _, err := io.ReadFull(in, start); err != nil || string(start) != head {
		return sum, fmt.Errorf("a list that begins with %q: %w", start, err)
	}
	if next, err := in.Peek(len(tail)); err == nil && bytes.Equal(next, []byte(tail)) {
		return sum, nil
	}
	for {
		text, last, err := readInteger(in)
		if err != nil {
			return sum, err
		}
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return sum, fmt.Errorf("a list with an entry that was never appended: %w", err)
		}
		if sum.Add(v); last {
			break
		}
	}
	end, err := in.Peek(len(tail))
	if err != nil || string(end) != tail {
		return sum, fmt.Errorf("a list that ends with %q: %w", end, err)
	}
	return sum, nil
}

// readInteger reads up to a comma, which it takes, or a bracket, which it leaves.
func readInteger(in *bufio.Reader) (text string, last bool, err error) {
	var digits [20]byte
	n := 0
	for {
		c, err := in.ReadByte()
		switch {
		case err != nil:
			return "", false, fmt.Errorf("a list that breaks off: %w", err)
		case c == ',':
			return string(digits[:n]), false, nil
		case c == ']':
			return string(digits[:n]), true, in.UnreadByte()
		case c == ' ' && n == 0:
		case n == len(digits):
			return "", false, errors.New("a list with an entry that is too long")
		default:
			digits[n] = c
			n++
		}
	}
}
