package maelstrom

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// badLines are no messages.
var badLines = []string{
	``, ` `, `garbage`, `null`, `17`, `"text"`, `[]`, `{}`, `{"src":"c1"}`, `{"src":"c1","dest":"n1"}`,
	`{"src":"c1","dest":"n1","body":7}`, `{"src":"c1","dest":"n1","body":null}`, `{"src":"c1","dest":"n1","body":{}}`,
	`{"src":"c1","dest":"n1","body":{"type":5}}`, `{"src":1,"dest":"n1","body":{"type":"read"}}`,
	`{"src":"c1","dest":"","body":{"type":"read"}}`, `{"src":"c1","dest":"n1","body":{"type":"read","msg_id":"x"}}`,
	`{"src":"c1","dest":"n1","body":{"type":"read","msg_id":1.5}}`, `{"src":"c1","dest":"n1","body":{"type":"read"}`,
	`{"src":"c1","dest":"n1","body":{"type":"read","msg_id":99999999999999999999}}`,
	strings.Repeat("[", 20000), strings.Repeat(`{"body":`, 20000), "\x00\xff", `{"src":"c1","dest":"n1","body":{"type":"read"}} {}`,
}

func TestWhatIsNoMessageIsAnError(t *testing.T) {
	for _, line := range badLines {
		if m, err := decode([]byte(line)); !errors.Is(err, errNoMessage) {
			t.Errorf("%.80q: %+v, %v", line, m, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, line := range badLines {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"id":3,"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2"]}}`))
	f.Add([]byte(`{"src":"c1","dest":"n1","body":{"type":"read","msg_id":1,"key":{"a":[1.0]}}}`))
	f.Add([]byte(`{"src":"c1","dest":"n1","body":{"type":"write","msg_id":1,"key":0,"value":null}}`))
	f.Add([]byte(`{"src":"c1","dest":"n1","body":{"type":"cas","msg_id":1,"key":"k","from":1,"to":2}}`))
	f.Add([]byte(`{"src":"c1","dest":"n1","body":{"type":"txn","msg_id":-1,"txn":[["r",1,null],["append",1,2]]}}`))
	f.Add([]byte(`{"src":"n2","dest":"n1","body":{"type":"paxos","group":2,"data":"UFg="}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := decode(line)
		if err != nil {
			return
		}
		net := testNetwork(t, io.Discard)
		net.deliver(&m)
		parse, ok := parsers[m.Type]
		if !ok || m.MsgID == nil {
			return
		}
		r, err := parse(m.Body)
		if err != nil {
			return
		}
		a := make(state).apply(r.ops)
		if a.failure != nil {
			return
		}
		typ, fields, failure := r.reply(a.results)
		if failure != nil {
			return
		}
		if line, err := encodeReply("n1", &m, typ, fields); err != nil || strings.Contains(string(line), "\n") {
			t.Fatalf("the answer %q, %v", line, err)
		}
	})
}

func TestReaderSkipsLongLines(t *testing.T) {
	long := strings.Repeat("x", MaxLine)
	in := "a\n" + long + "\n" + long + "y\n" + long + long + long + "\r\nb\r\n\nend"
	r := newReader(strings.NewReader(in))
	for _, want := range []string{"a", long, "too long", "too long", "b", "", "EOF"} {
		line, err := r.next()
		got := string(line)
		switch {
		case errors.Is(err, errLongLine):
			got = "too long"
		case err != nil:
			got = err.Error()
		}
		if got != want {
			t.Fatalf("got %.20q (%d bytes), want %.20q", got, len(got), want)
		}
	}
	r = newReader(strings.NewReader(long + "yy"))
	if line, err := r.next(); err != io.EOF {
		t.Errorf("a long line without an end: %d bytes, %v", len(line), err)
	}
}
