package maelstrom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// message is one line of Maelstrom's network.
type message struct {
	Src  string          `json:"src"`
	Dest string          `json:"dest"`
	Body json.RawMessage `json:"body"`

	header `json:"-"` // of Body
}

// header is what any body may have.
type header struct {
	Type      string `json:"type"`
	MsgID     *int64 `json:"msg_id"`
	InReplyTo *int64 `json:"in_reply_to"`
}

// errNoMessage is the class of lines that are no message: nobody can be answered.
var errNoMessage = errors.New("no message")

// decode reads a line. The message does not alias it.
func decode(line []byte) (m message, err error) {
	if err := json.Unmarshal(line, &m); err != nil {
		return m, fmt.Errorf("%w: %w", errNoMessage, err)
	}
	if m.Src == "" || m.Dest == "" {
		return m, fmt.Errorf("%w: src %q, dest %q", errNoMessage, m.Src, m.Dest)
	}
	if err := json.Unmarshal(m.Body, &m.header); err != nil {
		return m, fmt.Errorf("%w: its body: %w", errNoMessage, err)
	}
	if m.Type == "" {
		return m, fmt.Errorf("%w: its body has no type", errNoMessage)
	}
	return m, nil
}

// encodeText is the JSON of v, without line end. Texts that are canonical in v
// stay what they are: nothing is escaped that need not be.
func encodeText(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// encodeReply is the line that answers m, with a body of these fields.
func encodeReply(self string, m *message, typ string, fields map[string]any) ([]byte, error) {
	body := map[string]any{"type": typ, "in_reply_to": *m.MsgID}
	for name, value := range fields {
		body[name] = value
	}
	line, err := encodeText(map[string]any{"src": self, "dest": m.Src, "body": body})
	if err != nil {
		return nil, fmt.Errorf("encode a %s for %s: %w", typ, m.Src, err)
	}
	return line, nil
}

// code is one of Maelstrom's error codes.
type code int

// Maelstrom's error codes. All but codeTimeout and codeCrash are definite: they
// say that the operation did not happen and never will. This node has no use for
// node-not-found (1), abort (14), key-already-exists (21) and txn-conflict (30):
// nobody else is asked, and transactions follow one another in the list.
const (
	codeTimeout      code = 0
	codeNotSupported code = 10
	codeUnavailable  code = 11
	codeMalformed    code = 12
	codeCrash        code = 13
	codeNoKey        code = 20
	codePrecondition code = 22
)

// failure is a request's outcome that is answered with an error.
type failure struct {
	code code
	text string
}

func (f *failure) Error() string { return f.text }

func failed(c code, format string, args ...any) *failure {
	return &failure{c, fmt.Sprintf(format, args...)}
}
