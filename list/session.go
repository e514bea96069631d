package list

import "paxos/protocol"

// session is one client's memory in the list.
type session struct {
	id      protocol.SessionID
	nonce   protocol.Nonce
	last    protocol.Seq // last applied, 0 for none
	used    uint64       // the use counter when the session was last used
	results results

	older, newer *session // neighbours in order of used
}

// sessions are the open sessions, at most limit. They stand in a ring in the
// order of their last use; root is the seam: root.newer is the oldest,
// root.older the newest.
type sessions struct {
	limit   int
	nextID  protocol.SessionID // ids go up by one and are never used again
	uses    uint64             // counts opens and applied runs: the clock of eviction
	byID    map[protocol.SessionID]*session
	byNonce map[protocol.Nonce]*session
	root    *session
}

func newSessions(limit int) sessions {
	root := new(session)
	root.older, root.newer = root, root
	return sessions{
		limit:   limit,
		nextID:  1,
		byID:    make(map[protocol.SessionID]*session),
		byNonce: make(map[protocol.Nonce]*session),
		root:    root,
	}
}

// open returns the session that n opened, opening it if it is not there (any
// more). A new session over the limit takes the place of the one that was not
// used for longest. Every replica counts the same uses, so all evict the same one.
func (t *sessions) open(n protocol.Nonce) *session {
	ses := t.byNonce[n]
	if ses == nil {
		if len(t.byID) >= t.limit {
			t.evict(t.root.newer)
		}
		ses = &session{id: t.nextID, nonce: n}
		t.nextID++
		t.add(ses)
	}
	t.use(ses)
	return ses
}

// use makes ses the newest.
func (t *sessions) use(ses *session) {
	t.uses++
	ses.used = t.uses
	if t.root.older != ses {
		ses.unlink()
		t.linkNewest(ses)
	}
}

// add takes in a session as the newest.
func (t *sessions) add(ses *session) {
	t.byID[ses.id], t.byNonce[ses.nonce] = ses, ses
	t.linkNewest(ses)
}

func (t *sessions) evict(ses *session) {
	delete(t.byID, ses.id)
	delete(t.byNonce, ses.nonce)
	ses.unlink()
}

func (t *sessions) linkNewest(ses *session) {
	ses.older, ses.newer = t.root.older, t.root
	ses.older.newer, ses.newer.older = ses, ses
}

func (ses *session) unlink() {
	ses.older.newer, ses.newer.older = ses.newer, ses.older
}
