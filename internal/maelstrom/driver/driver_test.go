package driver

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"paxos/internal/maelstrom/history"
)

// fake starts nodes that answer init, and say what speak returns to anything else.
func fake(speak func(name string, m message) []string) Starter {
	return func(name string) (*Process, error) {
		in, toIn := io.Pipe()
		fromOut, out := io.Pipe()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for lines := bufio.NewScanner(in); lines.Scan(); {
				var m message
				_ = json.Unmarshal(lines.Bytes(), &m)
				all := speak(name, m)
				if strings.Contains(string(m.Body), `"init"`) {
					all = []string{answer(name, m, `"type":"init_ok"`)}
				}
				for _, line := range all {
					fmt.Fprintln(out, line)
				}
			}
			out.Close()
		}()
		end := func() error { toIn.Close(); <-ended; return nil }
		return &Process{In: toIn, Out: fromOut, Kill: func() { _ = end() }, Wait: end}, nil
	}
}

// answer is the line that answers m, with some fields.
func answer(name string, m message, fields string) string {
	var body struct {
		MsgID int `json:"msg_id"`
	}
	_ = json.Unmarshal(m.Body, &body)
	return fmt.Sprintf(`{"src":%q,"dest":%q,"body":{"in_reply_to":%d,%s}}`, name, m.Src, body.MsgID, fields)
}

func started(t *testing.T, nodes int, speak func(string, message) []string) *Cluster {
	t.Helper()
	c, err := Start(nodes, 1, fake(speak))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.KillAll() })
	return c
}

func TestOutcomesOfAnswers(t *testing.T) {
	var fields string
	c := started(t, 1, func(name string, m message) []string { return []string{answer(name, m, fields)} })
	client := c.Client()
	defer client.Close()
	for text, want := range map[string]history.Outcome{
		`"type":"write_ok"`: history.Done, `"type":"error","code":0`: history.Unknown, `"type":"error","code":13`: history.Unknown,
		`"type":"error","code":11`: history.NotDone, `"type":"error","code":20`: history.Missing, `"type":"error","code":22,"text":"x"`: history.Mismatch,
		`"type":"error","code":1000`: history.Unknown, `"type":"write_ok","surprise":1`: history.Unknown, `"type":7`: history.Unknown,
	} {
		fields = text
		reply, err := client.Call("n1", map[string]any{"type": "write"}, 2*time.Minute)
		if got := reply.outcome(err); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestNoAnswerIsAnUnknownOutcome(t *testing.T) {
	c := started(t, 1, func(string, message) []string { return nil })
	client := c.Client()
	defer client.Close()
	if reply, err := client.Call("n1", map[string]any{"type": "write"}, time.Millisecond); reply.outcome(err) != history.Unknown || err != ErrTimeout {
		t.Error(reply, err)
	}
	c.Kill("n1")
	if reply, err := client.Call("n1", map[string]any{"type": "write"}, time.Millisecond); reply.outcome(err) != history.Unknown {
		t.Error(reply, err)
	}
}

func TestALineThatIsNoMessageIsToldAtTheEnd(t *testing.T) {
	for _, line := range []string{`hello`, `{"src":"n2","dest":"c1","body":{}}`, `{"src":"n1","dest":"c1","body":7}`, `{"src":"n1","dest":"c1","body":{},"more":1}`} {
		c := started(t, 1, func(string, message) []string { return []string{line} })
		client := c.Client()
		_, _ = client.Call("n1", map[string]any{"type": "x"}, 10*time.Millisecond)
		for end := time.Now().Add(2 * time.Minute); c.Net.Err() == nil && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		if err := c.Stop(); err == nil {
			t.Errorf("%s: nobody complained", line)
		}
	}
}

// carried sends some messages from n1 to n2 and from n2 to n1, and returns how
// many there were each way.
func carried(n *Network, messages int) (there, back int) {
	one, two := n.join("n1"), n.join("n2")
	for range messages {
		n.send(link{"n1", "n2"}, nil)
		n.send(link{"n2", "n1"}, nil)
	}
	return len(two.lines), len(one.lines)
}

func TestFaultsBefallMessagesBetweenNodes(t *testing.T) {
	n := newNetwork(1)
	if there, back := carried(n, 1000); there != 1000 || back != 1000 {
		t.Errorf("without faults %d and %d of 1000 arrive", there, back)
	}
	n.Cut("n1", "n2")
	if there, back := carried(n, 1000); there != 0 || back != 1000 {
		t.Errorf("cut one way %d and %d of 1000 arrive", there, back)
	}
	n.Heal()
	n.SetFaults(Faults{Loss: 0.5})
	there, back := carried(n, 1000)
	if there < 400 || there > 600 || back < 400 || back > 600 {
		t.Errorf("with losses %d and %d of 1000 arrive", there, back)
	}
	if s := n.Stats(); s.Cut != 1000 || s.Lost != 2000-there-back || s.Carried != 3000+there+back {
		t.Errorf("got %+v", s)
	}
	n.SetFaults(Faults{Loss: 1})
	client := n.join("c1")
	n.send(link{"n1", "c1"}, nil)
	if len(client.lines) != 1 {
		t.Error("a client's message was lost")
	}
}

func TestTheSameSeedLosesTheSame(t *testing.T) {
	lost := func(seed uint64, others bool) (all []int) {
		n := newNetwork(seed)
		n.SetFaults(Faults{Loss: 0.3})
		two := n.join("n2")
		for i := range 200 {
			before := len(two.lines)
			n.send(link{"n1", "n2"}, nil)
			if len(two.lines) == before {
				all = append(all, i)
			}
			if others {
				n.send(link{"n3", "n1"}, nil)
			}
		}
		return all
	}
	if first, again := fmt.Sprint(lost(1, false)), fmt.Sprint(lost(1, true)); first != again || first == fmt.Sprint(lost(2, false)) {
		t.Errorf("%s, %s", first, again)
	}
}

func TestDelayedMessagesArrive(t *testing.T) {
	n := newNetwork(1)
	n.SetFaults(Faults{Delay: 5 * time.Millisecond})
	two := n.join("n2")
	for i := range 100 {
		n.send(link{"n1", "n2"}, fmt.Append(nil, i))
	}
	inOrder := true
	for i := range 100 {
		select {
		case line := <-two.lines:
			inOrder = inOrder && string(line) == fmt.Sprint(i)
		case <-time.After(2 * time.Minute):
			t.Fatalf("only %d messages arrived", i)
		}
	}
	if inOrder {
		t.Error("no message overtook another")
	}
}
