package driver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"paxos/internal/maelstrom/history"
)

// Client sends one request at a time. It is one goroutine's.
type Client struct {
	net   *Network
	name  string
	host  *host
	msgID int64
}

// Reply is what answers may have.
type Reply struct {
	Type      string               `json:"type"`
	InReplyTo int64                `json:"in_reply_to"`
	Value     json.RawMessage      `json:"value"` // of read_ok
	Txn       [][3]json.RawMessage `json:"txn"`   // of txn_ok
	Code      int                  `json:"code"`  // of error
	Text      string               `json:"text"`  // of error
}

// ErrTimeout says that there was no answer in time.
var ErrTimeout = errors.New("no answer in time")

// Client returns a new client: c1, c2, ...
func (c *Cluster) Client() *Client {
	name := "c" + strconv.FormatInt(c.clients.Add(1), 10)
	return &Client{net: c.Net, name: name, host: c.Net.join(name)}
}

// Close ends the client.
func (c *Client) Close() { c.net.leave(c.name, c.host) }

// Call sends a request and waits for its answer. Fields that no answer has make
// it an error, as Maelstrom would.
func (c *Client) Call(dest string, body map[string]any, patience time.Duration) (Reply, error) {
	c.msgID++
	body["msg_id"] = c.msgID
	line, err := json.Marshal(map[string]any{"src": c.name, "dest": dest, "body": body})
	if err != nil {
		return Reply{}, err
	}
	c.net.send(link{c.name, dest}, append(line, '\n'))
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case line := <-c.host.lines:
			r, err := parseReply(line)
			if err != nil || r.InReplyTo == c.msgID {
				return r, err
			}
		case <-late.C:
			return Reply{}, ErrTimeout
		}
	}
}

func parseReply(line []byte) (r Reply, err error) {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		return r, err
	}
	d := json.NewDecoder(bytes.NewReader(m.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("an answer of another form: %s: %w", line, err)
	}
	return r, nil
}

// outcome is what a request came to, by Maelstrom's codes: indefinite ones, and
// those that it does not define, tell nothing.
func (r *Reply) outcome(err error) history.Outcome {
	switch {
	case err != nil:
		return history.Unknown
	case r.Type != "error":
		return history.Done
	}
	switch r.Code {
	case 1, 10, 11, 12, 14, 21, 30:
		return history.NotDone
	case 20:
		return history.Missing
	case 22:
		return history.Mismatch
	}
	return history.Unknown
}
