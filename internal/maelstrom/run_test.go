package maelstrom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/internal/maelstrom/driver"
	"paxos/node"
	"paxos/storage"
)

// ask sends one request to n1.
func ask(t *testing.T, c *driver.Cluster, body string) string {
	t.Helper()
	var fields map[string]any
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		t.Fatal(err)
	}
	client := c.Client()
	defer client.Close()
	r, err := client.Call("n1", fields, 30*time.Second)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	switch {
	case r.Type == "error":
		return fmt.Sprint("error ", r.Code)
	case r.Txn != nil:
		txn, _ := json.Marshal(r.Txn)
		return string(txn)
	}
	return r.Type + string(r.Value)
}

func TestEveryRequestHasItsAnswer(t *testing.T) {
	c := startCluster(t, 1, func(o *Options) { o.Timeout = 20 * time.Second })
	for _, x := range []struct{ body, want string }{
		{`{"type":"read","key":1}`, `error 20`},
		{`{"type":"cas","key":1,"from":1,"to":2}`, `error 20`},
		{`{"type":"write","key":1,"value":3}`, `write_ok`},
		{`{"type":"read","key":1}`, `read_ok3`},
		{`{"type":"cas","key":1,"from":1,"to":2}`, `error 22`},
		{`{"type":"cas","key":1.0,"from":3.0,"to":2}`, `cas_ok`},
		{`{"type":"read","key":10e-1}`, `read_ok2`},
		{`{"type":"write","key":{"b":[],"a":null},"value":{"y":1,"x":"<&>"}}`, `write_ok`},
		{`{"type":"cas","key":{"a":null,"b":[]},"from":{"x":"<&>","y":1},"to":null}`, `cas_ok`},
		{`{"type":"read","key":{"a":null,"b":[]}}`, `read_oknull`},
		{`{"type":"write","key":null,"value":false}`, `write_ok`},
		{`{"type":"read","key":null}`, `read_okfalse`},
		{`{"type":"txn","txn":[["r",7,null],["append",7,1],["r",7,null],["append",7,2],["append","x",1]]}`,
			`[["r",7,null],["append",7,1],["r",7,[1]],["append",7,2],["append","x",1]]`},
		{`{"type":"txn","txn":[["r",7,null],["r","x",null],["r",8,null]]}`, `[["r",7,[1,2]],["r","x",[1]],["r",8,null]]`},
		{`{"type":"txn","txn":[["append",7,3],["append",1,3]]}`, `error 22`}, // 1 is no list
		{`{"type":"txn","txn":[["r",7,null]]}`, `[["r",7,[1,2]]]`},
		{`{"type":"txn","txn":[]}`, `[]`},

		{`{"type":"echo","echo":1}`, `error 10`},
		{`{"type":"read_ok","value":1}`, `error 10`},
		{`{"type":"read"}`, `error 12`},
		{`{"type":"write","key":1}`, `error 12`},
		{`{"type":"write","value":1}`, `error 12`},
		{`{"type":"write","key":1,"value":1e9999999999}`, `error 12`},
		{`{"type":"cas","key":1,"from":1}`, `error 12`},
		{`{"type":"cas","key":1,"to":1}`, `error 12`},
		{`{"type":"txn"}`, `error 12`},
		{`{"type":"txn","txn":7}`, `error 12`},
		{`{"type":"txn","txn":[["r",1]]}`, `error 12`},
		{`{"type":"txn","txn":[["r",1,null,1]]}`, `error 12`},
		{`{"type":"txn","txn":[["w",1,2]]}`, `error 12`},
		{`{"type":"txn","txn":[[1,1,2]]}`, `error 12`},
		{`{"type":"txn","txn":[["append",1,1e9999999999]]}`, `error 12`},
		{`{"type":"write","key":1,"value":"` + strings.Repeat("x", 16<<10) + `"}`, `error 12`},

		{`{"type":"init","node_id":"n1","node_ids":["n1"]}`, `init_ok`}, // again
		{`{"type":"init","node_id":"n1","node_ids":["n1","n2"]}`, `error 12`},
		{`{"type":"read","key":1}`, `read_ok2`},
	} {
		if got := ask(t, c, x.body); got != x.want {
			t.Errorf("%.200s: %s, want %s", x.body, got, x.want)
		}
	}
}

// talk runs a node on some input and returns its output.
func talk(t *testing.T, o Options, lines ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	o.In, o.Out, o.Log = strings.NewReader(strings.Join(lines, "\n")+"\n"), &out, hclog.NewNullLogger()
	err := Run(t.Context(), o)
	return out.String(), err
}

func line(body string) string { return `{"src":"c1","dest":"n1","body":` + body + `}` }

func TestBeforeInitNothingIsAvailable(t *testing.T) {
	got, err := talk(t, Options{},
		line(`{"type":"read","msg_id":1,"key":1}`), line(`{"type":"paxos","group":1,"data":"AAAA"}`),
		line(`{"type":"txn","msg_id":2}`), line(`{"type":"init_ok","in_reply_to":3}`), line(`{"type":"read","key":1}`))
	want := `{"body":{"code":11,"in_reply_to":1,"text":"this node was not initialised yet","type":"error"},"dest":"c1","src":"n1"}` + "\n" +
		`{"body":{"code":11,"in_reply_to":2,"text":"this node was not initialised yet","type":"error"},"dest":"c1","src":"n1"}` + "\n"
	if got != want || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestABadInitIsRefused(t *testing.T) {
	many, _ := json.Marshal(make([]int, 64))
	names := strings.ReplaceAll(strings.TrimPrefix(string(many), "[0"), "0", `"x"`)
	for _, body := range []string{
		`{"type":"init","msg_id":1}`, `{"type":"init","msg_id":1,"node_id":7,"node_ids":["n1"]}`,
		`{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n2"]}`, `{"type":"init","msg_id":1,"node_id":"n1","node_ids":[]}`,
		`{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2","n1"]}`, `{"type":"init","msg_id":1,"node_id":"","node_ids":[""]}`,
		`{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"` + names + `}`,
	} {
		got, err := talk(t, Options{}, line(body))
		if !strings.Contains(got, `"code":12`) || err != nil {
			t.Errorf("%s: %s, %v", body, got, err)
		}
	}
}

func TestGarbageIsIgnored(t *testing.T) {
	lines := append([]string{strings.Repeat("x", 3*MaxLine), line(`{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}`)}, badLines...)
	lines = append(lines, line(`{"type":"what","msg_id":2}`), line(`{"type":"write","msg_id":3,"key":"`+strings.Repeat("x", 2*MaxLine)+`"}`),
		line(`{"type":"what","msg_id":4}`))
	got, err := talk(t, Options{DataDir: t.TempDir()}, lines...)
	if err != nil || strings.Count(got, "\n") != 3 || strings.Count(got, `"code":10`) != 2 {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestATemporaryStoreIsRemoved(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	got, err := talk(t, Options{}, line(`{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}`))
	left, _ := os.ReadDir(dir)
	if err != nil || !strings.Contains(got, "init_ok") || len(left) != 0 {
		t.Errorf("got %s, %v; %v is left", got, err, left)
	}
}

func TestTheNameOfANodeNamesNoFolder(t *testing.T) {
	dir := t.TempDir()
	inner := filepath.Join(dir, "a", "b")
	got, err := talk(t, Options{DataDir: inner}, line(`{"type":"init","msg_id":1,"node_id":"../../x","node_ids":["../../x"]}`))
	left, _ := os.ReadDir(dir)
	if err != nil || !strings.Contains(got, "init_ok") || len(left) != 1 {
		t.Errorf("got %s, %v; there is %v", got, err, left)
	}
}

func TestAStoreOfOtherNodesIsRefused(t *testing.T) {
	o := Options{DataDir: t.TempDir()}
	if got, err := talk(t, o, line(`{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}`)); err != nil {
		t.Fatal(got, err)
	}
	got, err := talk(t, o, line(`{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2"]}`))
	if !errors.Is(err, storage.ErrForeign) || !strings.Contains(got, `"code":13`) {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAReaderThatWentAwayEndsTheNode(t *testing.T) {
	in, toIn := io.Pipe()
	out, toOut := io.Pipe()
	out.Close()
	defer toIn.Close()
	go fmt.Fprintln(toIn, line(`{"type":"what","msg_id":1}`))
	err := Run(t.Context(), Options{In: in, Out: toOut, Log: hclog.NewNullLogger()})
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

func TestWhatWasWrittenIsThereAfterARestart(t *testing.T) {
	c := startCluster(t, 1, func(o *Options) { o.Timeout = 20 * time.Second })
	if got := ask(t, c, `{"type":"write","key":1,"value":3}`); got != "write_ok" {
		t.Fatal(got)
	}
	c.Kill("n1")
	if err := c.Restart("n1"); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, c, `{"type":"read","key":1}`); got != "read_ok3" {
		t.Error(got)
	}
}

func TestOnlyWhatWasNeverHandedOnFailsForSure(t *testing.T) {
	unknown := func(reason error) error { return fmt.Errorf("%w: %w", node.ErrUnknown, reason) }
	for _, c := range []struct {
		err  error
		want code
	}{
		{unknown(context.DeadlineExceeded), codeTimeout},
		{unknown(node.ErrStopped), codeCrash},
		{node.ErrExpired, codeCrash},
		{node.ErrForgotten, codeCrash},
		{context.DeadlineExceeded, codeUnavailable},
		{node.ErrStopped, codeUnavailable},
		{node.ErrBusy, codeUnavailable},
		{node.ErrFull, codeUnavailable},
		{node.ErrRemoved, codeUnavailable},
		{fmt.Errorf("%w: 9 bytes", node.ErrTooLong), codeMalformed},
	} {
		if f := failureOf(c.err); f.code != c.want || f.text == "" {
			t.Errorf("%v: %+v, want code %d", c.err, f, c.want)
		}
	}
}

// What is under way when the input ends is answered, and never as done.
func TestARequestUnderWayIsAnsweredAtTheEnd(t *testing.T) {
	got, err := talk(t, Options{DataDir: t.TempDir(), Timeout: time.Hour},
		line(`{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2","n3"]}`),
		line(`{"type":"write","msg_id":2,"key":1,"value":1}`), line(`{"type":"read","msg_id":3,"key":1}`))
	if err != nil || !strings.Contains(got, `"in_reply_to":2`) || !strings.Contains(got, `"in_reply_to":3`) || strings.Count(got, "_ok") != 1 {
		t.Errorf("got %s, %v", got, err)
	}
}

// A node without a majority cannot know what becomes of a write: it must not say
// that it failed. Of a read it can.
func TestWithoutAMajorityWritesAreUnknownAndReadsFail(t *testing.T) {
	c := startCluster(t, 3, func(o *Options) { o.Timeout = 300 * time.Millisecond })
	for ask(t, c, `{"type":"write","key":1,"value":3}`) != "write_ok" { // until there is a leader
	}
	for _, other := range c.Names[1:] {
		c.Net.Cut("n1", other)
		c.Net.Cut(other, "n1")
	}
	if got := ask(t, c, `{"type":"write","key":1,"value":4}`); got != "error 0" {
		t.Errorf("a write: %s", got)
	}
	if got := ask(t, c, `{"type":"txn","txn":[["append",2,4]]}`); got != "error 0" {
		t.Errorf("a transaction: %s", got)
	}
	if got := ask(t, c, `{"type":"read","key":1}`); got != "error 11" {
		t.Errorf("a read: %s", got)
	}
}

// With the race detector: what requests under way look at is not set again.
func TestToBeInitialisedAgainDisturbsNobody(t *testing.T) {
	c := startCluster(t, 1, func(o *Options) { o.Timeout = 20 * time.Second })
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 50 {
			if got := ask(t, c, `{"type":"write","key":1,"value":3}`); got != "write_ok" {
				t.Errorf("a write was answered with %s", got)
			}
		}
	}()
	for again := true; again; {
		if got := ask(t, c, `{"type":"init","node_id":"n1","node_ids":["n1"]}`); got != "init_ok" {
			t.Errorf("a second init was answered with %s", got)
		}
		select {
		case <-done:
			again = false
		default:
		}
	}
}
