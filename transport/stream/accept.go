package stream

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"paxos/protocol"
)

// refusal is why a request to upgrade is refused.
type refusal struct {
	status  int
	code    string
	message string
}

// Handler accepts peers' connections: each turns from HTTP into a stream of frames
// that Receive returns. Give it to an HTTP/1.1 server under Options.Path; the
// server's own limits (header bytes, time to send them) guard the request itself.
func (t *Transport) Handler() http.Handler { return http.HandlerFunc(t.accept) }

func (t *Transport) accept(w http.ResponseWriter, r *http.Request) {
	from, no := t.check(r)
	if no != nil {
		t.refuse(w, r, no)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.refuse(w, r, &refusal{http.StatusHTTPVersionNotSupported, "http_version", "peers speak HTTP/1.1: " + err.Error()})
		return
	}
	err = errImpatient
	if buffered.Reader.Buffered() == 0 {
		err = t.admit(from, conn)
	}
	if err != nil {
		t.counters.ReceiveError()
		conn.Close()
		t.complain.warn(t.options.Log, "a peer's connection was not taken", "peer", from, "remote", r.RemoteAddr, "error", err)
	}
}

// check returns who asks, or why not to let them in.
func (t *Transport) check(r *http.Request) (protocol.NodeID, *refusal) {
	if r.Method != http.MethodGet {
		return 0, &refusal{http.StatusMethodNotAllowed, "method_not_allowed", "peers connect with GET"}
	}
	if authorize := t.options.Authorize; authorize != nil {
		if err := authorize(r); err != nil {
			return 0, &refusal{http.StatusForbidden, "forbidden", err.Error()}
		}
	}
	if !hasToken(r.Header, "Connection", "upgrade") || !hasToken(r.Header, "Upgrade", upgradeToken) {
		return 0, &refusal{http.StatusUpgradeRequired, "upgrade_required",
			fmt.Sprintf("this is where list servers of this version meet: Connection: Upgrade, Upgrade: %s", upgradeToken)}
	}
	if r.ContentLength != 0 {
		return 0, &refusal{http.StatusBadRequest, "bad_request", "a request to upgrade has no body"}
	}
	if got := r.Header.Get(clusterHeader); got != t.options.Cluster.String() {
		return 0, &refusal{http.StatusForbidden, "other_cluster", fmt.Sprintf("this is cluster %s, not %.40q", t.options.Cluster, got)}
	}
	return t.checkSender(r.Header.Get(senderHeader))
}

func (t *Transport) checkSender(text string) (protocol.NodeID, *refusal) {
	n, err := strconv.ParseUint(text, 10, 32)
	from := protocol.NodeID(n)
	switch {
	case err != nil || !from.Valid():
		return 0, &refusal{http.StatusBadRequest, "bad_request", fmt.Sprintf("%s: %.40q is not a server's id", senderHeader, text)}
	case from == t.options.Self.ID:
		return 0, &refusal{http.StatusForbidden, "own_id", fmt.Sprintf("%s is this server's own id", from)}
	case t.peer(from) == nil:
		return 0, &refusal{http.StatusForbidden, "unknown_peer", fmt.Sprintf("server %s is not a member (yet, or any more), as far as server %s knows", from, t.options.Self.ID)}
	}
	return from, nil
}

func hasToken(h http.Header, name, token string) bool {
	for _, value := range h.Values(name) {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

func (t *Transport) refuse(w http.ResponseWriter, r *http.Request, no *refusal) {
	t.complain.warn(t.options.Log, "refused a connection to the peers' path", "remote", r.RemoteAddr, "code", no.code, "reason", no.message)
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Outcome string `json:"outcome"`
		} `json:"error"`
	}
	body.Error.Code, body.Error.Message, body.Error.Outcome = no.code, no.message, "not_done"
	if r.ContentLength != 0 { // the HTTP server would wait for the body before it answers
		_ = http.NewResponseController(w).SetReadDeadline(time.Now())
	}
	switch no.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodGet)
	case http.StatusUpgradeRequired:
		w.Header().Set("Upgrade", upgradeToken)
		w.Header().Set("Connection", "Upgrade")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(no.status)
	_ = json.NewEncoder(w).Encode(body) // who does not read it does not get it
}

// welcome is the answer after which frames may come.
const welcome = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + upgradeToken + "\r\n\r\n"

// admit takes the connection over and answers, in this order: who was answered
// is heard, whatever others do meanwhile.
func (t *Transport) admit(from protocol.NodeID, conn net.Conn) error {
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	in, err := t.take(from, conn)
	if err != nil {
		return err
	}
	_ = conn.SetWriteDeadline(time.Now().Add(t.times.connect)) // if it fails, so does the write
	if _, err := io.WriteString(conn, welcome); err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.drop(in)
		return fmt.Errorf("answering: %w", err)
	}
	if in.cipher == nil {
		conn.Close() // the duplicate keeps the connection open
	}
	return nil
}
