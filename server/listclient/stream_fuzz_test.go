package listclient

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answered is a client's stream whose server answers its first request with this text, and then hangs up. It returns
// what the stream yielded.
func answered(t *testing.T, text string, read func(*stream, *link) *Error) (entries []Entry, err *Error) {
	t.Helper()
	c, failed := New(Config{Servers: []string{"127.0.0.1:1"}})
	if failed != nil {
		t.Fatal(failed)
	}
	defer c.Close()
	mine, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer theirs.Close()
		if _, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
			_, _ = io.WriteString(theirs, text) // the client may hang up
		}
	}()
	l := c.newLink(context.Background(), c.servers.all[0])
	l.conn = &conn{Conn: mine, server: c.servers.all[0], usedAt: time.Now()}
	l.conn.in = bufio.NewReaderSize(l.conn, readBuffer)
	l.stop = func() bool { return true }
	s := &stream{c: c, next: 3, yield: func(e Entry, _ error) bool {
		entries = append(entries, e)
		return len(entries) < 100
	}}
	err = read(s, l)
	mine.Close()
	<-done
	return entries, err
}

// wantDue wants entries without a gap from the one that was asked for on.
func wantDue(t *testing.T, text string, entries []Entry) {
	t.Helper()
	for n, e := range entries {
		if e.Index != uint64(3+n) {
			t.Fatalf("%q: entry %d has the index %d", text, n, e.Index)
		}
	}
}

const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: x\r\nPaxos-Length: 5\r\n\r\n"

// FuzzEvents: whatever a server sends as events, the entries of a watch come one after the other.
func FuzzEvents(f *testing.F) {
	f.Add(streamHead + "id: 3\ndata: 1\n\nid: 4\ndata: \"x\"\n\n")
	f.Add(streamHead + ": a comment\n\nid:3\ndata:1\n\ndata: 2\n\n")
	f.Add(streamHead + "id: 4\ndata: 1\n\n")
	f.Add(streamHead + "data: {\n\nid: 99999999999999999999\n")
	f.Add("HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\n{}")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := answered(t, text, (*stream).watch)
		if wantDue(t, text, entries); err == nil {
			t.Fatalf("%q: a watch ended without an error", text)
		}
		if strings.HasPrefix(text, streamHead+"id: 3\ndata: 1\n\n") && len(entries) == 0 {
			t.Fatalf("%q: nothing was read: %v", text, err)
		}
	})
}

// FuzzLines: the same for a list that comes as lines. One that is cut short is not taken for whole.
func FuzzLines(f *testing.F) {
	f.Add(streamHead + "1\n\"x\"\n")
	f.Add(streamHead + "1\n")
	f.Add(streamHead + "1\n{}\n3")
	f.Add(streamHead + "\n\n")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nPaxos-Length: 4\r\n\r\n2\r\n1\n\r\n0\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := answered(t, text, func(s *stream, l *link) *Error { return s.list(l, "", nil) })
		wantDue(t, text, entries)
		if strings.HasPrefix(text, streamHead) && err == nil && len(entries) < 2 {
			t.Fatalf("%q: %d entries were taken for all", text, len(entries))
		}
	})
}
