package storage

import "paxos/storage/kv"

// writing is a transaction that writes. Values with their checksums stand in a room
// that is used again by the next one: a checkpoint every few megabytes would else leave
// as many megabytes to the garbage collector.
type writing struct {
	kv.Tx
	room []byte // what is in use of it is its length
	used int    // bytes that were asked for
}

// roomKept bounds the room that is kept between transactions, in bytes: that of a full
// one, with a chunk that passes the border.
const roomKept = transactionBytes + transactionBytes/4

// room returns n bytes of room, emptied, which stay as they are until tx has ended.
func room(tx kv.Tx, n int) []byte {
	if w, ok := tx.(*writing); ok {
		return w.take(n)
	}
	return make([]byte, 0, n)
}

func (w *writing) take(n int) []byte {
	w.used += n
	at := len(w.room)
	if cap(w.room)-at < n {
		return make([]byte, 0, n)
	}
	w.room = w.room[:at+n]
	return w.room[at : at : at+n]
}

// update changes the database in one transaction. The caller has saving locked, or is
// the only one that has the store.
func (s *Store) update(change func(kv.Tx) error) error {
	var w *writing
	err := s.db.Update(func(tx kv.Tx) error {
		w = &writing{Tx: tx, room: s.room[:0]}
		return change(w)
	})
	if err != nil {
		return err
	}
	if w.used > cap(s.room) && w.used <= roomKept {
		s.room = make([]byte, 0, w.used)
	}
	s.count(func(st *Stats) { st.Transactions++ })
	return nil
}
