package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"paxos/protocol"
)

// What the roles log, as far as we read it.
const (
	startedMessage = "started" // a role has opened its store and hears signals
	leadingMessage = "leading" // a proposer became leader
	stoppedMessage = "stopped" // a role was shut down cleanly
)

// Stopped is what a role says of itself when it has been shut down cleanly.
// What it did in an earlier start that was killed is not in it.
type Stopped struct {
	Fsyncs      uint64 `json:"fsyncs"`
	Checkpoints uint64 `json:"checkpoints"`
	Length      uint64 `json:"length"` // of its list, in values
}

// entry is one line of a log.
type entry struct {
	Message string    `json:"@message"`
	Time    time.Time `json:"@timestamp"`
	Stopped
}

// entries returns a log's lines with one of two messages. Lines that are no JSON,
// like a panic's, are passed over: whoever reads the file sees them.
func entries(path, message string) ([]entry, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []entry
	needle := []byte(`"@message":"` + message + `"`)
	for line := range bytes.Lines(text) {
		var e entry
		if bytes.Contains(line, needle) && json.Unmarshal(line, &e) == nil {
			found = append(found, e)
		}
	}
	return found, nil
}

// Leader is a proposer that said that it leads.
type Leader struct {
	*Process
	At time.Time // when it said so
}

// Leader returns the running proposer that was the last to become leader, after
// since. It is nil where there is none.
func (c *Cluster) Leader(since time.Time) (Leader, error) {
	var last Leader
	for _, p := range c.Living() {
		if p.Role != protocol.RoleProposer {
			continue
		}
		found, err := entries(p.Log(), leadingMessage)
		if err != nil {
			return Leader{}, fmt.Errorf("look for the leader: %w", err)
		}
		for _, e := range found {
			if e.Time.After(since) && e.Time.After(last.At) {
				last = Leader{Process: p, At: e.Time}
			}
		}
	}
	return last, nil
}

// WaitLeader waits until a running proposer has become leader after since.
func (c *Cluster) WaitLeader(ctx context.Context, since time.Time) (Leader, error) {
	var leader Leader
	err := c.Wait(ctx, "a leader", func() (bool, error) {
		var err error
		leader, err = c.Leader(since)
		return leader.Process != nil, err
	})
	return leader, err
}

// WaitStarted waits until every running role with a store has opened it. A
// process that is asked to stop before that dies of the request.
func (c *Cluster) WaitStarted(ctx context.Context) error {
	return c.Wait(ctx, "all roles to have started", func() (bool, error) {
		for _, p := range c.Living() {
			if p.Role == protocol.RoleClient {
				continue
			}
			found, err := entries(p.Log(), startedMessage)
			if err != nil || len(found) == 0 || found[len(found)-1].Time.Before(p.Began()) {
				return false, err
			}
		}
		return true, nil
	})
}

// Wait asks again and again until the answer is yes, and gives up when ctx ends
// or when a process ended that should not have. what says what is awaited.
func (c *Cluster) Wait(ctx context.Context, what string, answer func() (bool, error)) error {
	err := c.children.Wait(ctx, what, answer)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w; the logs are in %s", err, filepath.Dir(c.LogPath(protocol.RoleAcceptor, 1)))
	}
	return err
}

// Stopped adds up what the roles said when they were shut down cleanly; Length
// is that of the longest list.
func (c *Cluster) Stopped() (Stopped, error) {
	var sum Stopped
	seen := make(map[string]bool)
	for _, p := range c.all() {
		if seen[p.Log()] {
			continue
		}
		seen[p.Log()] = true
		s, err := c.StoppedOf(p.Role, p.ID)
		if err != nil {
			return sum, err
		}
		sum.add(s)
	}
	return sum, nil
}

// StoppedOf is Stopped for all starts of one role.
func (c *Cluster) StoppedOf(role protocol.Role, id int) (Stopped, error) {
	var sum Stopped
	found, err := entries(c.LogPath(role, id), stoppedMessage)
	if err != nil {
		return sum, fmt.Errorf("read what %s did: %w", name(role, id), err)
	}
	for _, e := range found {
		sum.add(e.Stopped)
	}
	return sum, nil
}

func (s *Stopped) add(t Stopped) {
	s.Fsyncs += t.Fsyncs
	s.Checkpoints += t.Checkpoints
	s.Length = max(s.Length, t.Length)
}
