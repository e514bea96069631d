package server

import (
	"time"

	"paxos/protocol"
	"paxos/recovery/backup"
)

// typeBackup is what a backup is sent as.
var typeBackup = []string{"application/octet-stream"}

// backup answers GET /v1/backup with the list of one moment, as package backup
// writes it. Linearizable, it holds everything that was acknowledged before the
// request; appends go on meanwhile. An answer that ends early lacks its end, which
// whoever reads it notices.
func (x *exchange) backup() error {
	q, err := x.query("consistency", "timeout")
	if err != nil {
		return err
	}
	if !x.s.backups.take(1) {
		return busy("%d backups are under way", x.s.limits.Backups)
	}
	defer x.s.backups.give(1)
	if _, err := x.stand(q); err != nil {
		return err
	}
	ctx, cancel, err := x.waiting(q)
	if err != nil {
		return err
	}
	defer cancel()
	cluster := x.s.engine.Status().Cluster
	head, view, err := x.s.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	return x.sendBackup(cluster, backup.Of(head, view, x.s.engine))
}

func (x *exchange) sendBackup(cluster protocol.ClusterID, s backup.Source) error {
	out := &pieceWriter{x: x, piece: make([]byte, 0, pieceBytes)}
	if _, err := backup.Write(out, protocol.RoleServer, cluster, time.Now(), s, nil); err != nil {
		return err
	}
	return out.flush()
}

// pieceWriter sends what is written to it as an answer, in pieces of about
// pieceBytes, each with its deadline.
type pieceWriter struct {
	x     *exchange
	piece []byte
}

func (w *pieceWriter) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := min(len(rest), pieceBytes-len(w.piece))
		w.piece, rest = append(w.piece, rest[:n]...), rest[n:]
		if len(w.piece) == pieceBytes {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(b), nil
}

func (w *pieceWriter) flush() error {
	err := w.x.sendAs(typeBackup, w.piece)
	w.piece = w.piece[:0]
	return err
}
