package recovery

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"time"

	"paxos/protocol"
	"paxos/server/listclient"
	"paxos/server/value"
)

// Target is where values are imported to; listclient.Client is one.
type Target interface {
	OpenSession(ctx context.Context, nonce [16]byte) (listclient.Session, error)
	AppendIn(ctx context.Context, session, first uint64, values []value.Value) ([]uint64, error)
}

// Import appends the values of a file, one a line, each exactly once, however often
// it is started again with the same journal.
type Import struct {
	Target  Target
	In      io.Reader
	Journal *Journal
	// Progress, if not nil, is told now and then how many are appended.
	Progress func(done uint64)

	lines *valueLines
	saved time.Time
}

const (
	importBatch      = 1024      // values of one request
	importBatchBytes = 512 << 10 // of their texts
	importStretch    = 64        // requests that one write of the journal covers, and that are held in memory
	saveEvery        = time.Second
)

// request is what goes to the list in one call.
type request struct {
	values []value.Value
	sum    uint32 // of all lines up to the last of them
}

// Run appends what the journal does not know to be appended. The journal is saved
// as it is then, after an error too.
func (m *Import) Run(ctx context.Context) (err error) {
	m.lines, m.saved = newValueLines(m.In), time.Now()
	if err := m.skip(); err != nil {
		return err
	}
	stretch, err := m.again()
	if err != nil {
		return err
	}
	if err := m.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Journal.Save()) }()
	for end := error(nil); ; {
		for _, r := range stretch {
			if err := m.append(ctx, r); err != nil {
				return err
			}
		}
		switch {
		case end == io.EOF:
			m.Journal.Complete = true
			return nil
		case end != nil:
			return end
		}
		stretch, end = m.read(math.MaxUint64, importStretch)
		if err := m.promise(stretch); err != nil {
			return err
		}
	}
}

// again reads the values that an earlier run may have sent without knowing what
// became of them. Their numbers are taken, so they must be the same.
func (m *Import) again() ([]request, error) {
	j := m.Journal
	if j.Ahead <= j.Done {
		return nil, nil
	}
	stretch, err := m.read(j.Ahead-j.Done, math.MaxInt)
	if err != nil {
		return nil, fmt.Errorf("go on with values %d to %d, which may have been sent before: %w", j.Done+1, j.Ahead, endedEarly(err))
	}
	if m.lines.sum != j.SumAhead {
		return nil, fmt.Errorf("values %d to %d are not those that may have been sent before: this is another file, or it was changed", j.Done+1, j.Ahead)
	}
	return stretch, nil
}

// promise has the journal know a stretch durably before any of it is sent: the list
// knows the numbers of the values that it has in a session, not what they were.
func (m *Import) promise(stretch []request) error {
	if len(stretch) == 0 {
		return nil
	}
	j := m.Journal
	j.Ahead, j.SumAhead = j.Done, stretch[len(stretch)-1].sum
	for _, r := range stretch {
		j.Ahead += uint64(len(r.values))
	}
	m.saved = time.Now()
	return j.Save()
}

// read reads so many values, or so many requests, whichever ends first.
func (m *Import) read(values uint64, requests int) (stretch []request, err error) {
	for err == nil && values > 0 && len(stretch) < requests {
		var batch []value.Value
		if batch, err = m.lines.batch(int(min(values, importBatch))); len(batch) > 0 {
			stretch = append(stretch, request{batch, m.lines.sum})
			values -= uint64(len(batch))
		}
	}
	return stretch, err
}

// skip passes over what is appended, and sees that it is the same file.
func (m *Import) skip() error {
	for range m.Journal.Done {
		if _, err := m.lines.next(); err != nil {
			return fmt.Errorf("go on behind the %d values that are appended: %w", m.Journal.Done, endedEarly(err))
		}
	}
	if m.lines.sum != m.Journal.Sum {
		return fmt.Errorf("the first %d values are not those that were appended before: this is another file, or it was changed", m.Journal.Done)
	}
	return nil
}

func endedEarly(err error) error {
	if err == io.EOF {
		return errors.New("the file ends before: it is another one, or it was changed")
	}
	return err
}

// open opens the session, unless the journal knows it: one that the list has
// forgotten must not be opened again, since the values sent in it may be there.
func (m *Import) open(ctx context.Context) error {
	if m.Journal.Session != 0 {
		return nil
	}
	nonce, err := m.Journal.nonce()
	if err != nil {
		return err
	}
	s, err := m.Target.OpenSession(ctx, nonce)
	if err != nil {
		return fmt.Errorf("open a session: %w", err)
	}
	m.Journal.Session = s.ID
	return m.Journal.Save()
}

func (m *Import) append(ctx context.Context, r request) error {
	j, batch := m.Journal, r.values
	places, err := m.Target.AppendIn(ctx, j.Session, j.Done+1, batch)
	switch {
	case errors.Is(err, listclient.ErrForgotten): // they stand there since an earlier run
	case errors.Is(err, listclient.ErrExpired):
		return fmt.Errorf("the list has forgotten the session of this import, for so many others were used since: "+
			"%d values are appended, the last of them that is known at index %d; of the next ones nobody can say. "+
			"Look what stands behind that index, and import the rest with a new journal: %w", j.Done, j.Last, err)
	case err != nil:
		return fmt.Errorf("append values %d to %d (run it again to go on): %w", j.Done+1, j.Done+uint64(len(batch)), err)
	default:
		j.Last = places[len(places)-1]
	}
	j.Done += uint64(len(batch))
	j.Sum = r.sum
	if m.Progress != nil {
		m.Progress(j.Done)
	}
	if time.Since(m.saved) < saveEvery {
		return nil
	}
	m.saved = time.Now()
	return j.Save()
}

// valueLines reads values, one a line: JSON integers and strings, or objects with a
// field "value", as `paxos list --json` and `paxos export --indexes` print them.
type valueLines struct {
	in   *bufio.Scanner
	line uint64
	sum  uint32 // of the canonical texts so far, a line each
	// held is a value that did not fit into the last batch.
	held    *value.Value
	heldSum uint32
}

// maxLine is the longest line, in bytes: every byte of a value as an escape, and
// the object around it.
const maxLine = 6*protocol.MaxPayload + 1<<10

func newValueLines(in io.Reader) *valueLines {
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 64<<10), maxLine)
	return &valueLines{in: s}
}

// next returns the next value, or io.EOF.
func (l *valueLines) next() (value.Value, error) {
	l.line++
	if !l.in.Scan() {
		err := l.in.Err()
		switch {
		case errors.Is(err, bufio.ErrTooLong):
			return value.Value{}, fmt.Errorf("line %d is longer than %d bytes", l.line, maxLine)
		case err != nil:
			return value.Value{}, fmt.Errorf("read line %d: %w", l.line, err)
		}
		return value.Value{}, io.EOF
	}
	v, err := parseLine(l.in.Bytes())
	if err != nil {
		return v, fmt.Errorf("line %d: %w", l.line, err)
	}
	if n := len(v.String()); n > protocol.MaxPayload {
		return v, fmt.Errorf("line %d: a value of %d bytes, %d are the most", l.line, n, protocol.MaxPayload)
	}
	l.sum = crc32.Update(crc32.Update(l.sum, protocol.Castagnoli, []byte(v.String())), protocol.Castagnoli, []byte{'\n'})
	return v, nil
}

func parseLine(line []byte) (v value.Value, err error) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] != '{' {
		return value.Parse(string(line))
	}
	var object struct {
		Index uint64       `json:"index"`
		Value *value.Value `json:"value"`
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&object); err != nil {
		return v, err
	}
	if object.Value == nil || d.More() {
		return v, errors.New(`want a value, or {"index": N, "value": VALUE}`)
	}
	return *object.Value, nil
}

// batch returns the values of the next request, most of them at most, with the error
// that ends them; the sum is that behind the last of them.
func (l *valueLines) batch(most int) (batch []value.Value, err error) {
	bytes := 0
	if l.held != nil {
		batch, bytes = append(batch, *l.held), len(l.held.String())
		l.held, l.sum = nil, l.heldSum
	}
	for len(batch) < most {
		before := l.sum
		v, err := l.next()
		if err != nil {
			return batch, err
		}
		if bytes += len(v.String()) + 1; bytes > importBatchBytes && len(batch) > 0 {
			l.held, l.heldSum, l.sum = &v, l.sum, before
			return batch, nil
		}
		batch = append(batch, v)
	}
	return batch, nil
}
