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
	saveEvery        = time.Second
)

// Run appends what the journal does not know to be appended. The journal is saved
// as it is then, after an error too.
func (m *Import) Run(ctx context.Context) (err error) {
	m.lines, m.saved = newValueLines(m.In), time.Now()
	if err := m.skip(); err != nil {
		return err
	}
	if err := m.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Journal.Save()) }()
	for {
		batch, err := m.lines.batch()
		if len(batch) > 0 {
			if err := m.append(ctx, batch); err != nil {
				return err
			}
		}
		if err == io.EOF {
			m.Journal.Complete = true
			return nil
		}
		if err != nil {
			return err
		}
	}
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

func (m *Import) append(ctx context.Context, batch []value.Value) error {
	j := m.Journal
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
	j.Sum = m.lines.sum
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

// batch returns the values of the next request, with the error that ends them; the
// sum is that behind the last of them.
func (l *valueLines) batch() (batch []value.Value, err error) {
	bytes := 0
	if l.held != nil {
		batch, bytes = append(batch, *l.held), len(l.held.String())
		l.held, l.sum = nil, l.heldSum
	}
	for len(batch) < importBatch {
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
